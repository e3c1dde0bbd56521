package org.secondsite.lab.io;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.secondsite.lab.client.CounterStream;
import org.secondsite.lab.plan.Guest;
import org.secondsite.lab.plan.GuestCommand;
import org.secondsite.lab.plan.GuestFiles;
import org.secondsite.lab.plan.LabNumbers;
import org.secondsite.lab.plan.LabPaths;
import org.secondsite.lab.plan.Site;
import org.secondsite.testing.FreePort;

/**
 * One of the lab's guests that write records, in a QEMU of its own without a lab: its ports are reached over loopback. Beside it a client
 * with one connection that writes down what it is told.
 */
final class RecordGuest implements AutoCloseable {
    private static final int BOOT_SECONDS = 90;
    private static final Pattern FOUND = Pattern.compile("GUEST-RECORDS (\\d+)");

    private final LabPaths paths;
    private final Site site;
    private final Process qemu;
    private final int control;
    private final int web;
    private final Socket socket;
    private final CounterStream stream;

    private RecordGuest(LabPaths paths, Site site, Process qemu, int control, int web, Socket socket) {
        this.paths = paths;
        this.site = site;
        this.qemu = qemu;
        this.control = control;
        this.web = web;
        this.socket = socket;
        stream = new CounterStream(CounterStream.Kind.RECORDS, 0, System.nanoTime());
    }

    static GuestFiles files(Guest guest) throws IOException {
        return new GuestImage(GuestImage.defaultCache()).files(guest);
    }

    /** Boots it and connects. The disk has to be served where the lab's agent of that site would. */
    static RecordGuest boot(Guest guest, LabPaths paths, Site site) throws IOException {
        int records = FreePort.onLoopback();
        int control = FreePort.onLoopback();
        int web = FreePort.onLoopback();
        List<String> command = GuestCommand.of(guest, paths, site, files(guest)).stream()
                .map(word -> word.startsWith("tap,id=net0") ? userNetwork(records, control, web) : word)
                .toList();
        Files.createDirectories(paths.file("logs"));
        Process qemu = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(paths.log("qemu-" + site.id()).toFile())
                .start();
        try {
            Waiting.until(
                    "the guest to boot",
                    BOOT_SECONDS,
                    () -> qemu.isAlive() && Files.readString(paths.serial(site)).contains("GUEST-SERVING"));
            RecordGuest booted = new RecordGuest(paths, site, qemu, control, web, connect(records));
            Thread.ofVirtual().start(booted::listen);
            return booted;
        } catch (IOException e) {
            qemu.destroyForcibly();
            throw e;
        }
    }

    private static String userNetwork(int records, int control, int web) {
        String forward = ",hostfwd=tcp:127.0.0.1:%d-" + LabNumbers.VM_ADDRESS + ":%d";
        return "user,id=net0,net=" + LabNumbers.VM_PREFIX + ",host=" + LabNumbers.INSIDE_ADDRESS
                + forward.formatted(records, LabNumbers.RECORDS_PORT)
                + forward.formatted(control, LabNumbers.CONTROL_PORT)
                + forward.formatted(web, LabNumbers.WEB_PORT);
    }

    private static Socket connect(int port) throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), port);
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
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), web);
    }

    /** What the guest had found on its disk when it booted. */
    long foundAtBoot() throws IOException {
        Matcher found = FOUND.matcher(Files.readString(paths.serial(site)));
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
        return DiskJudge.troubles(Files.readString(paths.serial(site)));
    }

    /** Tells the guest's control port. */
    void load(String command) throws IOException {
        try (Socket port = new Socket()) {
            port.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), control), 2000);
            port.setSoTimeout(10_000);
            port.getOutputStream().write((command + "\n").getBytes(StandardCharsets.UTF_8));
            String answer = new String(port.getInputStream().readNBytes(3), StandardCharsets.UTF_8);
            if (!answer.equals("ok\n")) {
                throw new IOException("the guest answered '" + answer + "' to " + command);
            }
        }
    }

    GuestMonitor monitor() throws IOException {
        return new GuestMonitor(paths.testQmp(site));
    }

    /** Kills QEMU. */
    @Override
    public void close() throws IOException {
        socket.close();
        qemu.destroyForcibly();
        try {
            if (!qemu.waitFor(10, TimeUnit.SECONDS)) {
                throw new IOException("QEMU does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Files.deleteIfExists(paths.ram(site));
    }
}
