package org.secondsite.lab.io;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.secondsite.lab.client.CounterStream;
import org.secondsite.lab.plan.Guest;
import org.secondsite.lab.plan.GuestFiles;
import org.secondsite.lab.plan.LabNumbers;
import org.secondsite.lab.plan.LabPaths;
import org.secondsite.lab.plan.Site;

/**
 * One of the lab's guests that write records, without a lab. Beside it a client with one connection that writes down what it is told.
 */
final class RecordGuest implements AutoCloseable {
    private static final Pattern FOUND = Pattern.compile("GUEST-RECORDS (\\d+)");

    private final LoneGuest guest;
    private final Socket socket;
    private final CounterStream stream;

    private RecordGuest(LoneGuest guest, Socket socket) {
        this.guest = guest;
        this.socket = socket;
        stream = new CounterStream(CounterStream.Kind.RECORDS, 0, System.nanoTime());
    }

    static GuestFiles files(Guest guest) throws IOException {
        return LoneGuest.files(guest);
    }

    /** Boots it and connects. The disk has to be served where the lab's agent of that site would. */
    static RecordGuest boot(Guest guest, LabPaths paths, Site site) throws IOException {
        LoneGuest alone = LoneGuest.boot(guest, paths, site);
        try {
            InetSocketAddress records = alone.port(LabNumbers.RECORDS_PORT);
            RecordGuest booted = new RecordGuest(alone, new Socket(records.getAddress(), records.getPort()));
            Thread.ofVirtual().start(booted::listen);
            return booted;
        } catch (IOException e) {
            alone.close();
            throw e;
        }
    }

    private void listen() {
        byte[] bytes = new byte[4096];
        try {
            for (int got = socket.getInputStream().read(bytes);
                    got >= 0;
                    got = socket.getInputStream().read(bytes)) {
                synchronized (stream) {
                    stream.accept(ByteBuffer.wrap(bytes, 0, got), System.nanoTime(), (s, number, at) -> {});
                }
            }
        } catch (IOException e) {
            // The guest or the test has ended.
        }
    }

    /** Where its web server is reached. */
    InetSocketAddress web() {
        return guest.port(LabNumbers.WEB_PORT);
    }

    /** What the guest had found on its disk when it booted. */
    long foundAtBoot() throws IOException {
        Matcher found = FOUND.matcher(guest.console());
        if (!found.find()) {
            throw new IOException("the guest has not read its records");
        }
        return Long.parseLong(found.group(1));
    }

    /** The highest number that the client was told of; fails if one was missing before it. */
    long told() {
        synchronized (stream) {
            if (stream.fault().isPresent()) {
                throw new AssertionError(stream.fault().get());
            }
            return stream.last();
        }
    }

    /** Waits until the client was told of so many more records. */
    void awaitRecords(int more, int seconds) throws IOException {
        long goal = told() + more;
        Waiting.until("record " + goal, seconds, () -> told() >= goal);
    }

    /** What the guest has printed about a disk that failed; empty if nothing. */
    List<String> troubles() throws IOException {
        return guest.troubles();
    }

    /** Tells the guest's control port. */
    void load(String command) throws IOException {
        try (Socket port = new Socket()) {
            port.connect(guest.port(LabNumbers.CONTROL_PORT), 2000);
            port.setSoTimeout(10_000);
            port.getOutputStream().write((command + "\n").getBytes(StandardCharsets.UTF_8));
            String answer = new String(port.getInputStream().readNBytes(3), StandardCharsets.UTF_8);
            if (!answer.equals("ok\n")) {
                throw new IOException("the guest answered '" + answer + "' to " + command);
            }
        }
    }

    GuestMonitor monitor() throws IOException {
        return guest.monitor();
    }

    /** Kills QEMU. */
    @Override
    public void close() throws IOException {
        socket.close();
        guest.close();
    }
}
