package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.secondsite.buffer.io.ring.PacketSockets;
import org.secondsite.lab.plan.LabNumbers;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.plan.Topology;
import org.secondsite.net.linux.Libc;
import org.secondsite.testing.Probes;

/**
 * The protected guest scans everything that is not its own: both gateways, the witness, both management networks. Its frames are put on
 * the wire from the switch to the gateway, behind the pipeline, which would stop some of them. Judges: captures at the guest's own
 * port, in front of the witness and on the management network, the client's record, captures of both uplinks.
 */
@Tag("lab")
class HostileGuestDrillTest {
    private static final List<Integer> PORTS = Stream.concat(
                    Stream.of(22, 179, 3784, 4784, 6653, 7400, 7500, 7600, 9464),
                    IntStream.iterate(1, port -> port < 65_536, port -> port + 499)
                            .boxed())
            .toList();
    private static final int A_SECOND = 20_000;

    private final Libc libc = new Libc();

    @Test
    void nothingAnswersTheGuestAndTheClientsConnectionsGoOn() throws IOException {
        try (JudgedLab judged = JudgedLab.up("hostile-guest", UnaryOperator.identity())) {
            Lab lab = judged.lab();
            Site owner = Drill.awaitProtected(lab);
            long term = judged.site(owner).term();
            List<String> closed = closed();
            String fromVm = "src host " + LabNumbers.VM_ADDRESS;
            String host = Topology.hypervisor(lab.name(), owner);
            try (NamedCapture guest =
                            new NamedCapture(lab, host, LabNumbers.VM, "out", "ip and not src net 198.51.100.0/24");
                    NamedCapture management = new NamedCapture(lab, host, "hv0", "in", fromVm);
                    NamedCapture witness = new NamedCapture(lab, lab.name() + "-w", "wan0", "in", fromVm);
                    NamedCapture peer =
                            new NamedCapture(lab, Topology.gateway(lab.name(), owner.peer()), "wan0", "in", fromVm)) {
                int sent = scan(lab, owner, every(LabNumbers.INSIDE_ADDRESS));
                for (String target : closed) {
                    sent += scan(lab, owner, sampled(target));
                }
                // That the scanner is not deaf: the site's router is asked, too.
                sent += scan(lab, owner, sampled(owner.routerAddress()));
                System.out.printf("%s %d probes sent%n", lab.name(), sent);
                Waiting.until("the router to answer the guest", 20, () -> guest.lines().stream()
                        .anyMatch(line -> line.startsWith("IP " + owner.routerAddress())));
                judged.requireService();
                List<String> answers = guest.lines().stream()
                        .filter(line -> closed.stream()
                                .anyMatch(
                                        target -> line.matches("IP " + target.replace(".", "\\.") + "(\\.\\d+)? > .*")))
                        .toList();
                assertEquals(List.of(), answers);
                assertEquals(List.of(), management.lines());
                assertEquals(List.of(), witness.lines());
                assertEquals(List.of(), peer.lines());
            }
            judged.requireUnchanged(owner, term);
            judged.judge(0);
        }
    }

    /** Every address of both gateways, of both management networks, and of the witness. */
    private static List<String> closed() {
        List<String> all = new ArrayList<>(List.of(LabNumbers.INSIDE_ADDRESS, "10.9.0.3"));
        for (Site site : Site.PAIR) {
            all.add(site.uplinkAddress());
            all.add(site.gatewayHostAddress());
            all.add(site.hostAddress());
            all.add(site.wanAddress());
        }
        return all;
    }

    private static List<byte[]> every(String target) {
        Probes probes = new Probes(LabNumbers.VM_MAC, LabNumbers.INSIDE_MAC);
        InetAddress vm = InetAddress.ofLiteral(LabNumbers.VM_ADDRESS);
        InetAddress to = InetAddress.ofLiteral(target);
        return IntStream.rangeClosed(1, 65_535)
                .mapToObj(port -> probes.syn(vm, to, port))
                .toList();
    }

    private static List<byte[]> sampled(String target) {
        Probes probes = new Probes(LabNumbers.VM_MAC, LabNumbers.INSIDE_MAC);
        InetAddress vm = InetAddress.ofLiteral(LabNumbers.VM_ADDRESS);
        InetAddress to = InetAddress.ofLiteral(target);
        List<byte[]> frames = new ArrayList<>(List.of(probes.echo(vm, to)));
        PORTS.forEach(port -> frames.add(probes.syn(vm, to, port)));
        PORTS.forEach(port -> frames.add(probes.datagram(vm, to, port)));
        return frames;
    }

    private int scan(Lab lab, Site owner, List<byte[]> frames) throws IOException {
        int socket = NetworkNamespace.call(Topology.hypervisor(lab.name(), owner), () -> {
            int fd = PacketSockets.open(libc, "gw");
            PacketSockets.bind(libc, fd, PacketSockets.index(libc, "gw"), 0, "gw");
            return fd;
        });
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(128);
            int batch = A_SECOND / 100;
            for (int start = 0; start < frames.size(); start += batch) {
                for (byte[] frame : frames.subList(start, Math.min(frames.size(), start + batch))) {
                    copy.copyFrom(MemorySegment.ofArray(frame));
                    long written = libc.write(socket, copy.asSlice(0, frame.length));
                    assertEquals(frame.length, written, "octets on the wire");
                }
                Waiting.pause(10);
            }
        } finally {
            libc.close(socket);
        }
        return frames.size();
    }
}
