<?php
// Those of the university's stand-in who have a name at the institution; everybody's password is "secret".
$people = [];
foreach (json_decode(file_get_contents('@TOP@/t/standins/accounts.json'), true) as $number => $account) {
    $claims = $account['claims'];
    if (!isset($claims['eduperson_principal_name'])) {
        continue;
    }
    $people["$number:secret"] = array_filter([
        'urn:oid:1.3.6.1.4.1.5923.1.1.1.6' => [$claims['eduperson_principal_name']],
        'urn:oid:2.16.840.1.113730.3.1.241' => [$claims['name']],
        'urn:oid:1.3.6.1.4.1.5923.1.1.1.1' => $claims['eduPersonAffiliation'] ?? [],
        'urn:oid:1.3.6.1.4.1.5923.1.1.1.9' => $claims['eduPersonScopedAffiliation'] ?? [],
    ]);
}
$config = ['admin' => ['core:AdminPassword'], 'member' => ['exampleauth:UserPass'] + $people];
