package org.secondsite.replicator.agent.io;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.util.HexFormat;

/**
 * A message of the checkpoint protocol as a hostile end makes it: none of the product's classes is between it and the wire.
 *
 * @param type its code
 * @param hex its body; spaces mean nothing
 */
record HandMadeMessage(int type, String hex) {
    /** Sends it, unless the connection is over, which {@link #until} tells. */
    void write(Socket to) throws IOException {
        byte[] body = HexFormat.of().parseHex(hex.replace(" ", ""));
        byte[] frame = new byte[8 + body.length];
        frame[2] = (byte) (body.length >> 8);
        frame[3] = (byte) body.length;
        frame[4] = (byte) type;
        System.arraycopy(body, 0, frame, 8, body.length);
        try {
            to.getOutputStream().write(frame);
        } catch (SocketException over) {
            // Whoever judges what came of it reads on.
        }
    }

    /** The body of the next message of that type, in hex; others are passed over; null if the connection ends before. */
    static String until(Socket from, int type) throws IOException {
        DataInputStream in = new DataInputStream(from.getInputStream());
        try {
            while (true) {
                byte[] body = new byte[in.readInt()];
                int code = in.readInt() >>> 24;
                in.readFully(body);
                if (code == type) {
                    return HexFormat.of().formatHex(body);
                }
            }
        } catch (EOFException | SocketException over) {
            return null;
        }
    }
}
