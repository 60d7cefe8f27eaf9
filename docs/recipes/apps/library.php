<?php
// A page that also guests may see: no account is no error here.
$account = $_SERVER['MYNUMBER_ACCOUNT'] ?? null;
header('Content-Type: text/html; charset=utf-8');
?>
<!doctype html>
<html lang="ja">
<title><?= htmlspecialchars(dirname($_SERVER['SCRIPT_NAME'])) ?></title>
<p><?= $account === null ? 'ゲスト / guest' : htmlspecialchars("$account " . ($_SERVER['MYNUMBER_LINKED'] === '1' ? 'linked' : 'not linked')) ?></p>
