package org.secondsite.openflow.lab;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.Vlan;
import org.secondsite.openflow.VmAttachment;

/**
 * A gateway and some VMs at a switch, all of them interfaces of one namespace, which talk all the time; and a capture of what
 * arrives at each, by a program that knows nothing of the product.
 */
final class Crowd implements Closeable {
    private static final int PCAP_HEADER_BYTES = 24;
    private static final int RECORD_HEADER_BYTES = 16;
    private static final int INTERFACE_AT = 4;
    private static final int SOURCE_AT = 12;
    private static final int SLL2_BYTES = 20;
    private static final long GATEWAY_MAC = 0x0200_5e00_0101L;
    private static final long FIRST_MAC = 0x5254_00c0_2000L;
    /** How often a VM speaks, in seconds, if it is one of so many at most: a switch that floods has to do with the square of their number. */
    private static final double TURN_SECONDS = 0.01;

    private static final int USUAL_VMS = 12;

    private static final long APPEARS_WITHIN_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    /** The number of the gateway among the hosts. */
    static final int GATEWAY = 0;

    private final Deque<Closeable> opened = new ArrayDeque<>();
    private static final List<Vlan> VLANS = List.of(
            Vlan.NONE,
            new Vlan(100, Vlan.Port.UNTAGGED),
            new Vlan(100, Vlan.Port.TAGGED),
            new Vlan(200, Vlan.Port.TAGGED));

    private final List<Vlan> vlans = new ArrayList<>();
    private final int vms;
    private final Path directory;
    private final Namespace hosts;
    private final Map<Integer, Integer> hostOfInterface = new HashMap<>();

    /**
     * One frame that arrived.
     *
     * @param micros when, since 1970
     * @param at the host that it arrived at
     * @param from the host that it bears as its source
     */
    record Arrival(long micros, int at, int from) {
        @Override
        public String toString() {
            return "of vm" + from + " at " + (at == GATEWAY ? "the gateway" : "vm" + at) + ", " + micros % 100_000_000
                    + " us";
        }
    }

    Crowd(Namespace switchNamespace, OpenVSwitch ovs, int vms, Path directory, Random random) throws IOException {
        Command.require("tcpdump", "tcpdump");
        Command.require("python3", "python3-minimal");
        this.vms = vms;
        this.directory = directory;
        for (int vm = 0; vm < vms; vm++) {
            vlans.add(VLANS.get(random.nextInt(VLANS.size())));
        }
        try {
            hosts = keep(Namespace.create("hosts"));
            links(switchNamespace);
            List<String> words = new ArrayList<>();
            for (int host = 0; host <= vms; host++) {
                words.addAll(List.of("--", "add-port", OpenVSwitch.BRIDGE, port(host)));
            }
            ovs.vsctl(words.toArray(String[]::new));
            start("tcpdump", "tcpdump", "-i", "any", "-Q", "in", "-s", "64", "-U", "--immediate-mode", "-w", pcap());
            awaitOutput(directory.resolve("capture.pcap"), PCAP_HEADER_BYTES);
            Path program = Files.write(directory.resolve("traffic.py"), ForeignController.resource("traffic.py"));
            Path frames = Files.write(directory.resolve("frames"), frames(random));
            start("traffic", "python3", program.toString(), frames.toString(), String.valueOf(pauseSeconds()));
            awaitOutput(directory.resolve("traffic.out"), 1);
        } catch (IOException | RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** The VM of this number, from 1. */
    VmAttachment vm(int number, Role role) {
        return new VmAttachment(
                new VmId("vm" + number),
                port(number),
                new MacAddress(FIRST_MAC + number),
                List.of(IpPrefix.parseAddress("10.7.0." + (10 + number))),
                role,
                vlans.get(number - 1));
    }

    /** How many there are. */
    int vms() {
        return vms;
    }

    static String port(int host) {
        return host == GATEWAY ? "gw" : "p" + host;
    }

    /** What has arrived up to now. */
    List<Arrival> arrivals() throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(directory.resolve("capture.pcap")))
                .order(ByteOrder.LITTLE_ENDIAN);
        List<Arrival> arrivals = new ArrayList<>();
        int at = PCAP_HEADER_BYTES;
        while (at + RECORD_HEADER_BYTES + SLL2_BYTES <= bytes.limit()) {
            long micros = 1_000_000L * Integer.toUnsignedLong(bytes.getInt(at))
                    + Integer.toUnsignedLong(bytes.getInt(at + 4));
            int length = bytes.getInt(at + 8);
            int packet = at + RECORD_HEADER_BYTES;
            bytes.order(ByteOrder.BIG_ENDIAN);
            Integer host = hostOfInterface.get(bytes.getInt(packet + INTERFACE_AT));
            long from = (bytes.getLong(packet + SOURCE_AT) >>> 16) - FIRST_MAC;
            bytes.order(ByteOrder.LITTLE_ENDIAN);
            if (host != null && from >= 1 && from <= vms) {
                arrivals.add(new Arrival(micros, host, (int) from));
            }
            at = packet + length;
        }
        return arrivals;
    }

    @Override
    public void close() throws IOException {
        while (!opened.isEmpty()) {
            opened.pop().close();
        }
    }

    private void links(Namespace switchNamespace) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int host = 0; host <= vms; host++) {
            lines.add("link add " + port(host) + " type veth peer name h" + host + " netns " + hosts.name());
            lines.add("link set " + port(host) + " up");
        }
        switchNamespace.run(
                "ip", "-batch", Files.write(directory.resolve("links"), lines).toString());
        lines.clear();
        for (int host = 0; host <= vms; host++) {
            lines.add("link set h" + host + " up");
        }
        hosts.run("ip", "-batch", Files.write(directory.resolve("hosts"), lines).toString());
        for (String line : hosts.run("ip", "-o", "link").lines().toList()) {
            String[] words = line.split("[:@ ]+", 4);
            if (words[1].matches("h\\d+")) {
                hostOfInterface.put(Integer.parseInt(words[0]), Integer.parseInt(words[1].substring(1)));
            }
        }
    }

    /** Of each VM a datagram to the gateway, to another VM, and to all; and one of the gateway's to each. */
    private List<String> frames(Random random) {
        List<String> lines = new ArrayList<>();
        for (int vm = 1; vm <= vms; vm++) {
            long own = FIRST_MAC + vm;
            Vlan vlan = vlans.get(vm - 1);
            for (long to : new long[] {GATEWAY_MAC, FIRST_MAC + 1 + random.nextInt(vms), 0xffff_ffff_ffffL}) {
                lines.add("h" + vm + " " + datagram(own, 10 + vm, to, vlan.matchAtPort()));
            }
            lines.add("h0 " + datagram(GATEWAY_MAC, 1, own, vlan.match()));
            lines.add("");
        }
        return lines;
    }

    /** Between the turns of two VMs: what is forwarded by flooding is no more than with the usual number of them. */
    private double pauseSeconds() {
        double tooMany = Math.max(1, (double) vms / USUAL_VMS);
        return TURN_SECONDS * tooMany * tooMany / vms;
    }

    /** A frame without a tag if the VLAN's number, as OpenFlow matches it, is 0. */
    private static String datagram(long from, int address, long to, int vlan) {
        ByteBuffer frame = ByteBuffer.allocate(vlan == 0 ? 60 : 64);
        frame.putShort((short) (to >> 32)).putInt((int) to);
        frame.putShort((short) (from >> 32)).putInt((int) from);
        if (vlan != 0) {
            frame.putShort((short) 0x8100).putShort((short) (vlan & 0xfff));
        }
        frame.putShort((short) 0x0800).put((byte) 0x45).put((byte) 0).putShort((short) 46);
        frame.putInt(0).put((byte) 64).put((byte) 17).putShort((short) 0);
        frame.put(new byte[] {10, 7, 0, (byte) address, 10, 7, 0, (byte) 200});
        frame.putShort((short) 9000).putShort((short) 9000).putShort((short) 26);
        return HexFormat.of().formatHex(frame.array());
    }

    private String pcap() {
        return directory.resolve("capture.pcap").toString();
    }

    private void start(String name, String... words) throws IOException {
        Process process = new ProcessBuilder(hosts.inside(words))
                .redirectError(directory.resolve(name + ".log").toFile())
                .redirectOutput(directory.resolve(name + ".out").toFile())
                .start();
        keep(() -> Command.kill(process));
    }

    private static void awaitOutput(Path file, int bytes) throws IOException {
        long deadline = System.nanoTime() + APPEARS_WITHIN_NANOS;
        while (!Files.exists(file) || Files.size(file) < bytes) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(file + " stays empty");
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    private <T extends Closeable> T keep(T resource) {
        opened.push(resource);
        return resource;
    }
}
