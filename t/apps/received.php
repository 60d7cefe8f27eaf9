<?php
// Shows what a PHP application received, a line each: $_SERVER, the headers, the environment.
header('Content-Type: text/plain');
foreach (['_SERVER' => $_SERVER, 'header' => getallheaders(), 'getenv' => getenv(), '_COOKIE' => $_COOKIE] as $where => $values) {
    foreach ($values as $name => $value) {
        echo "$where $name=", is_array($value) ? json_encode($value) : $value, "\n";
    }
}
