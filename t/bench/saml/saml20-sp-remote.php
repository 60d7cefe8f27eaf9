<?php
// The httpd under test, as it is known to the provider.
$metadata['@BASE@/mellon/metadata'] = [
    'AssertionConsumerService' => '@BASE@/mellon/postResponse',
    'SingleLogoutService' => '@BASE@/mellon/logout',
];
