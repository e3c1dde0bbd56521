package org.secondsite.lab.io;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.secondsite.lab.plan.Guest;
import org.secondsite.lab.plan.GuestCommand;
import org.secondsite.lab.plan.GuestFiles;
import org.secondsite.lab.plan.LabNumbers;
import org.secondsite.lab.plan.LabPaths;
import org.secondsite.lab.plan.Site;
import org.secondsite.testing.FreePort;

/** One of the lab's guests in a QEMU of its own without a lab: its ports are reached over loopback. */
final class LoneGuest implements AutoCloseable {
    private static final List<Integer> PORTS =
            List.of(LabNumbers.RECORDS_PORT, LabNumbers.CONTROL_PORT, LabNumbers.WEB_PORT, LabNumbers.DATABASE_PORT);

    private final LabPaths paths;
    private final Site site;
    private final Process qemu;
    private final Map<Integer, Integer> ports;

    private LoneGuest(LabPaths paths, Site site, Process qemu, Map<Integer, Integer> ports) {
        this.paths = paths;
        this.site = site;
        this.qemu = qemu;
        this.ports = ports;
    }

    static GuestFiles files(Guest guest) throws IOException {
        return new GuestImage(GuestImage.defaultCache()).files(guest);
    }

    /** Boots it. The disk has to be served where the lab's agent of that site would. */
    static LoneGuest boot(Guest guest, LabPaths paths, Site site) throws IOException {
        Map<Integer, Integer> ports = new TreeMap<>();
        StringBuilder network =
                new StringBuilder("user,id=net0,net=" + LabNumbers.VM_PREFIX + ",host=" + LabNumbers.INSIDE_ADDRESS);
        for (int port : PORTS) {
            ports.put(port, FreePort.onLoopback());
            network.append(",hostfwd=tcp:127.0.0.1:%d-%s:%d".formatted(ports.get(port), LabNumbers.VM_ADDRESS, port));
        }
        List<String> command = GuestCommand.of(guest, paths, site, files(guest)).stream()
                .map(word -> word.startsWith("tap,id=net0") ? network.toString() : word)
                .toList();
        Files.createDirectories(paths.file("logs"));
        Files.deleteIfExists(paths.serial(site));
        Process qemu = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(paths.log("qemu-" + site.id()).toFile())
                .start();
        try {
            Waiting.until(
                    "the guest to boot",
                    guest.bootSeconds(),
                    () -> qemu.isAlive() && Files.readString(paths.serial(site)).contains("GUEST-SERVING"));
            return new LoneGuest(paths, site, qemu, ports);
        } catch (IOException e) {
            qemu.destroyForcibly();
            throw e;
        }
    }

    /** Where one of its ports is reached. */
    InetSocketAddress port(int inside) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), ports.get(inside));
    }

    /** What it has printed. */
    String console() throws IOException {
        return Files.readString(paths.serial(site));
    }

    /** What the guest has printed about a disk that failed; empty if nothing. */
    List<String> troubles() throws IOException {
        return DiskJudge.troubles(console());
    }

    GuestMonitor monitor() throws IOException {
        return new GuestMonitor(paths.testQmp(site));
    }

    /** Kills QEMU. */
    @Override
    public void close() throws IOException {
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
