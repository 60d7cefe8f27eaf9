#!/usr/bin/env python3
# Both ends of a WebSocket, with the websockets library.
#   websocket.py serve PORT    tells in its first message what headers the handshake brought, [[name, value], ...]; then sends back whatever it is told
#   websocket.py connect       a line of input is a handshake to make, {"url", "headers": [[name, value], ...], "say"}; a line of output is what came of it:
#                              {"told": first message, "said": what came back}, or {"refused": status, "headers": ...}
# Values are bytes, shown as Latin-1.
import asyncio
import json
import sys

import websockets


def latin(text):
    return text.encode('ascii', 'surrogateescape').decode('latin-1')


def pairs(headers):
    return [[name, latin(value)] for name, value in headers.raw_items()]


async def answer(socket, *path):
    await socket.send(json.dumps(pairs(socket.request_headers)))
    async for message in socket:
        await socket.send(message)


async def serve(port):
    async with websockets.serve(answer, '127.0.0.1', port):
        await asyncio.Future()


async def connect(wish):
    try:
        async with websockets.connect(wish['url'], extra_headers=[tuple(pair) for pair in wish['headers']]) as socket:
            told = await socket.recv()
            await socket.send(wish['say'])
            return {'told': json.loads(told), 'said': await socket.recv()}
    except websockets.exceptions.InvalidStatusCode as refusal:
        return {'refused': refusal.status_code, 'headers': pairs(refusal.headers)}
    except websockets.exceptions.InvalidURI as elsewhere:    # a redirect away from WebSockets
        return {'refused': 303, 'headers': [['Location', elsewhere.uri]]}


async def connect_all():
    for line in sys.stdin:
        print(json.dumps(await connect(json.loads(line))), flush=True)


if __name__ == '__main__':
    asyncio.run(serve(int(sys.argv[2])) if sys.argv[1] == 'serve' else connect_all())
