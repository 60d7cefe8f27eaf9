#!/usr/bin/env python3
"""Makes the cases of this folder anew: answers of a real identity provider, SimpleSAMLphp of Debian (script/setup bench), below PHP's own server, and
assertions encrypted by the xmlsec1 program (package xmlsec1). Nothing of the code under test has a part in them.

    t/data/saml/genuine/remake.py
"""
import base64, calendar, html, http.cookiejar, json, os, re, shutil, signal, socket, subprocess, tempfile, time, urllib.parse, urllib.request, zlib

HERE = os.path.dirname(os.path.abspath(__file__))
SP, ACS, SLO = 'https://portal.example.ac.jp/sp', 'https://portal.example.ac.jp/mynumber/saml/acs', 'https://portal.example.ac.jp/mynumber/saml/slo'
REQUEST = '_0123456789abcdef0123456789abcdef'
DIR = tempfile.mkdtemp()


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, **more).stdout


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


PORT = free_port()
BASE = f'http://127.0.0.1:{PORT}'
IDP = f'{BASE}/idp'


def write(name, text):
    path = f'{DIR}/{name}'
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w') as out:
        out.write(text)
    return path


def keys(name):
    run('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '3650', '-subj', f'/CN={name}', '-keyout', f'{DIR}/cert/{name}.key', '-out', f'{DIR}/cert/{name}.crt')


def pem(name):
    with open(f'{DIR}/cert/{name}') as f:
        return f.read()


def configure(sp_options=''):
    for folder in ('cert', 'data', 'tmp', 'log', 'metadata'):
        os.makedirs(f'{DIR}/{folder}', exist_ok=True)
    if not os.path.exists(f'{DIR}/cert/idp.key'):
        keys('idp')
        keys('sp')
    body = ''.join(pem('sp.crt').split('\n')[1:-2])
    write('config.php', f"""<?php $config = ['baseurlpath' => '{BASE}/', 'certdir' => '{DIR}/cert/', 'datadir' => '{DIR}/data/', 'tempdir' => '{DIR}/tmp/', 'loggingdir' => '{DIR}/log/',
 'metadatadir' => '{DIR}/metadata', 'metadata.sources' => [['type' => 'flatfile', 'directory' => '{DIR}/metadata']], 'secretsalt' => 'salt', 'auth.adminpassword' => 'nobody',
 'technicalcontact_email' => 'a@example.org', 'timezone' => 'UTC', 'logging.handler' => 'file', 'logging.level' => 4, 'enable.saml20-idp' => true,
 'module.enable' => ['core' => true, 'saml' => true, 'exampleauth' => true], 'store.type' => 'phpsession', 'session.phpsession.savepath' => '{DIR}/tmp', 'session.cookie.secure' => false];
""")
    write('authsources.php', """<?php $config = ['admin' => ['core:AdminPassword'], 'member' => ['exampleauth:StaticSource', 'urn:oid:0.9.2342.19200300.100.1.1' => ['0123456789'],
 'urn:oid:1.3.6.1.4.1.5923.1.1.1.6' => ['0123456789@example.ac.jp'], 'urn:oid:2.16.840.1.113730.3.1.241' => ['試験 太郎'], 'urn:oid:1.3.6.1.4.1.5923.1.1.1.9' => ['member@example.ac.jp', 'student@example.ac.jp']]];
""")
    write('metadata/saml20-idp-hosted.php', f"""<?php $metadata['{IDP}'] = ['host' => '__DEFAULT__', 'auth' => 'member', 'privatekey' => 'idp.key', 'certificate' => 'idp.crt',
 'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri',
 'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent', 'userid.attribute' => 'urn:oid:0.9.2342.19200300.100.1.1', 'saml20.sign.response' => false, 'sign.logout' => true,
 'authproc' => [3 => ['class' => 'saml:PersistentNameID', 'attribute' => 'urn:oid:0.9.2342.19200300.100.1.1', 'identifyingAttribute' => 'urn:oid:0.9.2342.19200300.100.1.1', 'nameId' => true],
  5 => ['class' => 'saml:AuthnContextClassRef', 'AuthnContextClassRef' => 'https://www.gakunin.jp/profile/AAL2']]];
""")
    write('metadata/saml20-sp-remote.php', f"""<?php $metadata['{SP}'] = ['AssertionConsumerService' => '{ACS}', 'SingleLogoutService' => '{SLO}', 'certData' => '{body}', 'simplesaml.nameidattribute' => 'urn:oid:0.9.2342.19200300.100.1.1', {sp_options}];
""")


def deflated(xml):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(packer.compress(xml.encode()) + packer.flush()).decode()


def now():
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req, fp, code, msg, headers, url):
        return None if url.startswith('https:') else super().redirect_request(req, fp, code, msg, headers, url)


def browser():
    return urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), NoRedirect())


def sign_in(visitor):
    xml = (f'<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{REQUEST}" Version="2.0" '
           f'IssueInstant="{now()}" Destination="{BASE}/saml2/idp/SSOService.php" AssertionConsumerServiceURL="{ACS}"><saml:Issuer>{SP}</saml:Issuer>'
           '<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" AllowCreate="true"/></samlp:AuthnRequest>')
    with visitor.open(f'{BASE}/saml2/idp/SSOService.php?' + urllib.parse.urlencode({'SAMLRequest': deflated(xml)})) as answer:
        page = answer.read().decode()
    return html.unescape(re.search(r'name="SAMLResponse" value="([^"]*)"', page).group(1))


def sign_out(visitor, name_id, session):
    xml = (f'<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{REQUEST}" Version="2.0" IssueInstant="{now()}" '
           f'Destination="{BASE}/saml2/idp/SingleLogoutService.php"><saml:Issuer>{SP}</saml:Issuer>{name_id}<samlp:SessionIndex>{session}</samlp:SessionIndex></samlp:LogoutRequest>')
    query = urllib.parse.urlencode({'SAMLRequest': deflated(xml), 'SigAlg': 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'})
    signature = run('openssl', 'dgst', '-sha256', '-sign', f'{DIR}/cert/sp.key', input=query.encode())
    try:
        visitor.open(f'{BASE}/saml2/idp/SingleLogoutService.php?{query}&' + urllib.parse.urlencode({'Signature': base64.b64encode(signature)}))
    except urllib.error.HTTPError as answer:
        return answer.headers['Location'].split('?', 1)[1]


def case(name, **members):
    members.update(issuer=IDP, now=calendar.timegm(time.gmtime()), certificate=pem('idp.crt'))
    with open(f'{HERE}/{name}.json', 'w') as out:
        json.dump(members, out, indent=2, ensure_ascii=False)
        out.write('\n')


def by_xmlsec1(form, cipher, wrap):
    """The assertion of a response in the clear, encrypted by the xmlsec1 program."""
    text = base64.b64decode(form).decode()
    assertion = re.search(r'<saml:Assertion.*</saml:Assertion>', text, re.S).group(0)
    alone = re.sub(r'^<saml:Assertion ', '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ', assertion) if 'xmlns:saml=' not in assertion.split('>')[0] else assertion
    bits = re.search(r'aes(\d{3})', cipher).group(1)
    template = write('template.xml', '<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element">'
                     f'<xenc:EncryptionMethod Algorithm="{cipher}"/><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{wrap}"/>'
                     '<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>')
    sealed = run('xmlsec1', '--encrypt', '--pubkey-cert-pem', f'{DIR}/cert/sp.crt', '--session-key', f'aes-{bits}', '--xml-data', write('assertion.xml', alone), template).decode()
    sealed = re.sub(r'<\?xml[^>]*\?>\s*', '', sealed)
    text = text.replace(assertion, f'<saml:EncryptedAssertion>{sealed}</saml:EncryptedAssertion>')
    return base64.b64encode(text.encode()).decode()


def main():
    configure()
    environment = dict(os.environ, SIMPLESAMLPHP_CONFIG_DIR=DIR)
    server = subprocess.Popen(['php', '-S', f'127.0.0.1:{PORT}', '-t', '/usr/share/simplesamlphp/www'], env=environment, start_new_session=True,
                              stdout=subprocess.DEVNULL, stderr=open(f'{DIR}/log/server', 'w'))
    try:
        while True:
            with socket.socket() as s:
                if s.connect_ex(('127.0.0.1', PORT)) == 0:
                    break
        private = pem('sp.key')
        with urllib.request.urlopen(f'{BASE}/saml2/idp/metadata.php') as answer:
            case('metadata', text=answer.read().decode())
        visitor = browser()
        form = sign_in(visitor)
        case('assertion-signed', form=form)
        text = base64.b64decode(form).decode()
        query = sign_out(visitor, re.search(r'<saml:NameID.*?</saml:NameID>', text, re.S).group(0), re.search(r'SessionIndex="([^"]*)"', text).group(1))
        case('logout-response', query=query)
        for name, cipher, wrap in (('xmlsec1-aes-256-gcm', 'http://www.w3.org/2009/xmlenc11#aes256-gcm', 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p'),
                                   ('xmlsec1-aes-128-cbc', 'http://www.w3.org/2001/04/xmlenc#aes128-cbc', 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p')):
            case(name, form=by_xmlsec1(form, cipher, wrap), private_key=private)
        for name, options in (('response-signed', "'saml20.sign.response' => true, 'saml20.sign.assertion' => false"), ('both-signed', "'saml20.sign.response' => true"),
                              ('encrypted', "'assertion.encryption' => true"), ('encrypted-and-response-signed', "'assertion.encryption' => true, 'saml20.sign.response' => true"),
                              ('sha512', "'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512'")):
            configure(options)
            case(name, form=sign_in(browser()), **({'private_key': private} if 'encrypted' in name else {}))
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        shutil.rmtree(DIR)


main()
