"""Sends the frames of a file, lines of an interface and a frame in hexadecimal, over and over."""
import socket
import sys
import time

sockets, frames = {}, []
for line in open(sys.argv[1]):
    interface, frame = line.split()
    if interface not in sockets:
        sockets[interface] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sockets[interface].bind((interface, 0))
    frames.append((sockets[interface], bytes.fromhex(frame)))
print("sending", flush=True)
while True:
    for sender, frame in frames:
        try:
            sender.send(frame)
        except OSError:
            pass  # A queue is full.
    time.sleep(0.01)
