package org.secondsite.openflow.lab;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.secondsite.config.IpPrefix;

/** Sends datagrams from one namespace to another, and says whether they arrive. */
final class Datagrams {
    private static final int PORT = 9000;
    private static final int AGAIN_AFTER_MS = 500;
    private static final int ARRIVES_WITHIN_MS = 5000;
    private static final int ABSENT_AFTER_MS = 400;

    private int messages;

    /** Whether one from {@code source}, an address of {@code from}, that is sent to {@code target}, arrives at {@code receiver} of {@code to}. */
    boolean arrives(Namespace from, String source, Namespace to, String receiver, String target, boolean expected)
            throws Exception {
        messages++;
        byte[] text = ("message " + messages).getBytes(StandardCharsets.UTF_8);
        InetAddress bound = IpPrefix.parseAddress(receiver);
        try (DatagramSocket receiving = to.call(() -> new DatagramSocket(new InetSocketAddress(bound, PORT)));
                DatagramSocket sending =
                        from.call(() -> new DatagramSocket(new InetSocketAddress(IpPrefix.parseAddress(source), 0)))) {
            // A switch may go by what it has cached for a moment after it has confirmed its tables: what is to arrive
            // is sent again.
            int attempts = expected ? ARRIVES_WITHIN_MS / AGAIN_AFTER_MS : 1;
            receiving.setSoTimeout(expected ? AGAIN_AFTER_MS : ABSENT_AFTER_MS);
            for (int attempt = 0; attempt < attempts; attempt++) {
                sending.send(new DatagramPacket(text, text.length, IpPrefix.parseAddress(target), PORT));
                if (received(receiving, text)) {
                    return true;
                }
            }
            return false;
        }
    }

    private static boolean received(DatagramSocket receiver, byte[] text) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[100], 100);
        try {
            do {
                receiver.receive(packet);
            } while (!Arrays.equals(Arrays.copyOf(packet.getData(), packet.getLength()), text));
            return true;
        } catch (SocketTimeoutException e) {
            return false;
        }
    }
}
