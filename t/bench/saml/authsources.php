<?php
// One person, who is always signed in already, with four attributes.
$config = [
    'admin' => ['core:AdminPassword'],
    'member' => [
        'exampleauth:StaticSource',
        'uid' => ['0123456789'],
        'eduPersonPrincipalName' => ['0123456789@example.ac.jp'],
        'displayName' => ['試験 太郎'],
        'eduPersonAffiliation' => ['member', 'student'],
    ],
];
