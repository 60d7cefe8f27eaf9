#!/usr/bin/env python3
"""A chat over WebSocket with the names on the members' cards. Needs python3-websockets.

chat.py 127.0.0.1:PORT [SECONDS]    a WebSocket is closed after so many seconds, 300 unless told
"""
import asyncio
import json
import sys
from urllib.parse import unquote

import websockets

SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 300
everybody = set()


def fact(socket, name):
    headers = socket.request_headers if hasattr(socket, 'request_headers') else socket.request.headers  # websockets 10, 14
    return unquote(headers.get('MyNumber-' + name, ''))


async def talk(socket):
    name = fact(socket, 'Name')  # fixed now; httpd is not asked again for this connection
    everybody.add(socket)
    try:
        async for text in socket:
            websockets.broadcast(everybody, json.dumps({'name': name, 'text': text[:1000]}, ensure_ascii=False))
    finally:
        everybody.discard(socket)


async def member(socket, *_):
    if fact(socket, 'Linked') != '1':
        await socket.close(1008, 'not by httpd')
        return
    try:
        await asyncio.wait_for(talk(socket), SECONDS)
    except asyncio.TimeoutError:
        await socket.close(1000, 'please connect again')


async def main():
    host, port = sys.argv[1].split(':')
    async with websockets.serve(member, host, int(port), max_size=16384):
        await asyncio.Future()


asyncio.run(main())
