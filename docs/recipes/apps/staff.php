<?php
// An application written for mod_shib: it reads the variables of attribute-map.xml, and stays as it is.
header('Content-Type: application/json');
$named = [];
foreach (['REMOTE_USER', 'eppn', 'displayName', 'mail', 'affiliation', 'Shib-Identity-Provider'] as $name) {
    $named[$name] = $_SERVER[$name] ?? null;
}
echo json_encode($named, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES), "\n";
