<?php
/* Who is asking? By the assertion of mod_mynumber_verify, for a PHP application.
 *
 * Needs phpseclib 3 (Debian: php-phpseclib3), which reads the key and judges the signature; with Composer, firebase/php-jwt or web-token/jwt-library do the rest too.
 * Run it: ISSUER=… AUDIENCE=… php -S 127.0.0.1:PORT verify.php */
declare(strict_types=1);

require_once '/usr/share/php/phpseclib3/autoload.php';

use phpseclib3\Crypt\PublicKeyLoader;
use phpseclib3\Math\BigInteger;

const TYPE = 'mynumber-assertion+jwt';
const KEYS_LIFETIME = 300;
const KEYS_PAUSE = 10; // however many tokens with unknown keys come

define('ISSUER', getenv('ISSUER') ?: 'https://portal.example.ac.jp'); // MyNumberBaseURL
define('AUDIENCE', getenv('AUDIENCE') ?: 'https://app.example.ac.jp'); // what MyNumberAssertion says after aud=

function part(string $text): string
{
    $bytes = preg_match('/^[A-Za-z0-9_-]+$/D', $text) ? base64_decode(strtr($text, '-_', '+/')) : false;
    return $bytes === false ? throw new UnexpectedValueException('no base64url') : $bytes;
}

function object(string $text): array
{
    $object = json_decode($text, true, 16, JSON_THROW_ON_ERROR);
    return is_array($object) ? $object : throw new UnexpectedValueException('no JSON object');
}

/** The public keys, kept in a file of this user between requests. */
function keys(bool $anew): array
{
    $file = sys_get_temp_dir() . '/mynumber-jwks-' . posix_geteuid() . '-' . hash('sha256', ISSUER);
    $age = is_file($file) && fileowner($file) === posix_geteuid() ? time() - filemtime($file) : PHP_INT_MAX;
    if ($age > ($anew ? KEYS_PAUSE : KEYS_LIFETIME)) {
        $text = file_get_contents(ISSUER . '/mynumber/jwks.json');
        if ($text === false) {
            throw new UnexpectedValueException('the keys could not be fetched');
        }
        object($text);
        $new = tempnam(dirname($file), 'mynumber-');
        file_put_contents($new, $text);
        rename($new, $file);
    }
    return object(file_get_contents($file))['keys'] ?? [];
}

function key_of(string $kid): array
{
    foreach ([false, true] as $anew) {
        foreach (keys($anew) as $key) {
            if (($key['kid'] ?? null) === $kid && ($key['kty'] ?? null) === 'EC' && ($key['crv'] ?? null) === 'P-256') {
                return $key;
            }
        }
    }
    throw new UnexpectedValueException('unknown key');
}

/** The claims of a good assertion. Anything else throws. */
function person(string $token): array
{
    $parts = explode('.', $token);
    if (count($parts) !== 3) {
        throw new UnexpectedValueException('no token');
    }
    $header = object(part($parts[0]));
    if (($header['alg'] ?? null) !== 'ES256' || ($header['typ'] ?? null) !== TYPE || !is_string($header['kid'] ?? null) || isset($header['crit'])) {
        throw new UnexpectedValueException('another kind of token');
    }
    $key = PublicKeyLoader::load(json_encode(key_of($header['kid'])))->withHash('sha256')->withSignatureFormat('Raw');
    $signature = part($parts[2]); // RFC 7518 3.4: two numbers of 32 bytes
    $pair = ['r' => new BigInteger(substr($signature, 0, 32), 256), 's' => new BigInteger(substr($signature, 32), 256)];
    if (strlen($signature) !== 64 || !$key->verify("$parts[0].$parts[1]", $pair)) {
        throw new UnexpectedValueException('the signature is wrong');
    }
    $claims = object(part($parts[1]));
    if (($claims['iss'] ?? null) !== ISSUER || ($claims['aud'] ?? null) !== AUDIENCE || !is_string($claims['sub'] ?? null) || !is_int($claims['exp'] ?? null) || $claims['exp'] <= time()) {
        throw new UnexpectedValueException('of another issuer, for another application, or too old');
    }
    return $claims;
}

header('Content-Type: application/json');
try {
    echo json_encode(person($_SERVER['HTTP_MYNUMBER_ASSERTION'] ?? ''), JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR);
} catch (Throwable $problem) {
    http_response_code(401);
    echo json_encode(['problem' => $problem->getMessage()]);
}
