<?php
// A portal page under PHP-FPM. One file answers every URL below it (FallbackResource); it reads variables, never headers.
$account = $_SERVER['MYNUMBER_ACCOUNT'] ?? null;
if ($account === null || ($_SERVER['MYNUMBER_LINKED'] ?? '') !== '1') {
    http_response_code(403);    // reached by another way than the protected folder
    exit;
}
$name = $_SERVER['MYNUMBER_NAME'] ?? $account;
$page = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
header('Content-Type: text/html; charset=utf-8');
?>
<!doctype html>
<html lang="ja">
<title><?= htmlspecialchars($page) ?></title>
<h1>ようこそ、<?= htmlspecialchars($name) ?> さん</h1>
<p id="account"><?= htmlspecialchars($account) ?></p>
<p><a href="/mynumber/">連携とサインアウト / link and sign-out</a></p>
