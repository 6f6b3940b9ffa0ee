#!/usr/bin/python3
"""peer - the two ends of a connection, for tests/network/run.

    peer serve PROTOCOL ADDRESS PORT TEXT      answers "TEXT ADDRESS-OF-THE-CLIENT"; prints "ready" when it can
    peer ask PROTOCOL ADDRESS PORT [FROM-PORT] prints the answer, "refused", "timeout" or what else happened
    peer talk PROTOCOL ADDRESS PORT FROM-PORT  UDP from one socket every 50 ms for ever: prints each answer, "-" for none
"""
import socket
import sys


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def kind(protocol):
    return {"tcp": (socket.SOCK_STREAM, 6), "udp": (socket.SOCK_DGRAM, 17), "sctp": (socket.SOCK_STREAM, 132)}[protocol]


def serve(protocol, address, port, text):
    s = socket.socket(family(address), *kind(protocol))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family(address) == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind((address, int(port)))
    if protocol != "udp":
        s.listen(64)
    print("ready", flush=True)
    while True:
        if protocol == "udp":
            _, who = s.recvfrom(64)
            s.sendto(f"{text} {who[0]}".encode(), who)
        else:
            c, who = s.accept()
            try:
                c.sendall(f"{text} {who[0]}".encode())
            except OSError:
                pass
            c.close()


def connected(protocol, address, port, source, timeout):
    s = socket.socket(family(address), *kind(protocol))
    s.settimeout(timeout)
    if source:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("::" if ":" in address else "0.0.0.0", int(source)))
    s.connect((address, int(port)))
    return s


def ask(protocol, address, port, source=None):
    try:
        s = connected(protocol, address, port, source, 1)
        if protocol == "udp":
            s.send(b"?")
        print(s.recv(200).decode() or "closed")
    except ConnectionRefusedError:
        print("refused")
    except TimeoutError:
        print("timeout")
    except OSError as e:
        print(e.strerror)


def talk(protocol, address, port, source):
    s = connected(protocol, address, port, source, 0.05)
    while True:
        try:
            s.send(b"?")
            print(s.recv(200).decode(), flush=True)
        except OSError:
            print("-", flush=True)


{"serve": serve, "ask": ask, "talk": talk}[sys.argv[1]](*sys.argv[2:])
