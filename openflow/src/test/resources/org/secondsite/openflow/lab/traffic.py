"""Sends the frames of a file over and over: lines of an interface and a frame in hexadecimal, an empty line where it pauses.

The second argument is how long a pause is, in seconds.
"""
import socket
import sys
import time

sockets, turns, pause = {}, [[]], float(sys.argv[2])
for line in open(sys.argv[1]):
    if not line.strip():
        turns.append([])
        continue
    interface, frame = line.split()
    if interface not in sockets:
        sockets[interface] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sockets[interface].bind((interface, 0))
    turns[-1].append((sockets[interface], bytes.fromhex(frame)))
print("sending", flush=True)
while True:
    for frames in turns:
        for sender, frame in frames:
            try:
                sender.send(frame)
            except OSError:
                pass  # A queue is full.
        time.sleep(pause)
