package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.AgentConfig;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.pki.TestAuthority;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.SyntheticVm;
import org.secondsite.replicator.checkpoint.Admission;
import org.secondsite.replicator.tunnel.io.JdkTls;
import org.secondsite.testing.Opened;

/**
 * Whoever is not the agent of a VM, at the port where agents connect, and whoever is not the gateway, where agents call: with plain
 * sockets and the JDK's own TLS, and messages written byte by byte.
 */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AgentPortTest {
    private static final VmId VM1 = new VmId("vm1");
    private static final VmId VM2 = new VmId("vm2");
    private static final int RAM_BYTES = 1 << 20;
    private static final AgentTiming TIMING = new AgentTiming(3000, 20, 100, 5000, 20);
    private static final int DEADLINE_MS = 5000;

    private static final int HELLO = 1;
    private static final int WELCOME = 2;
    private static final int REFUSED = 3;
    private static final int PING = 23;
    private static final int PONG = 24;

    @TempDir
    Path folder;

    @RegisterExtension
    final Opened open = new Opened();

    private TestAuthority authority;
    private RecordingGateway gateway;

    @BeforeEach
    void prepare() throws Exception {
        authority = new TestAuthority(folder.resolve("pki"));
        gateway = gateway(Admission.Unproven.REFUSED);
    }

    private RecordingGateway gateway(Admission.Unproven unproven) throws Exception {
        Map<String, Set<VmId>> hosts = Map.of("host-1", Set.of(VM1), "host-2", Set.of(VM1, VM2));
        return open.add(new RecordingGateway(
                authority.issue("a").revokedBy(authority.list()), new Admission(Set.of(VM1, VM2), hosts, unproven)));
    }

    private void agent(String host, VmId vm) throws Exception {
        AgentConfig.Proof proof = new AgentConfig.Proof(new SiteId("a"), authority.issue(host));
        SyntheticVm synthetic = new SyntheticVm(vm, RAM_BYTES);
        synthetic.boot();
        open.add(CheckpointAgent.open(
                new GatewayAccess(gateway.address(), Optional.of(proof)), List.of(synthetic), TIMING));
    }

    // ---- what peers say, byte by byte

    private static byte[] frame(int type, byte[] body) {
        byte[] frame = new byte[8 + body.length];
        frame[2] = (byte) (body.length >> 8);
        frame[3] = (byte) body.length;
        frame[4] = (byte) type;
        System.arraycopy(body, 0, frame, 8, body.length);
        return frame;
    }

    private static byte[] hello(VmId vm) {
        String name = HexFormat.of().formatHex(vm.name().getBytes(StandardCharsets.US_ASCII));
        return frame(
                HELLO,
                HexFormat.of()
                        .parseHex("00040000" + "0000000000100000" + "00".repeat(16)
                                + String.format("%02x", vm.name().length()) + name + "0000"));
    }

    /** The next message but PING, as type and text; "end" if the connection is over. */
    private static String next(Socket from) throws IOException {
        DataInputStream in = new DataInputStream(from.getInputStream());
        try {
            while (true) {
                byte[] body = new byte[in.readInt()];
                int type = in.readInt() >>> 24;
                in.readFully(body);
                switch (type) {
                    case WELCOME -> {
                        return "welcome";
                    }
                    case REFUSED -> {
                        return "refused: " + new String(body, 2, body.length - 2, StandardCharsets.UTF_8);
                    }
                    case PING -> new DataOutputStream(from.getOutputStream()).write(frame(PONG, body));
                    default -> {
                        return "message " + type;
                    }
                }
            }
        } catch (EOFException | SocketException | SSLException over) {
            return "end";
        }
    }

    /** How many bytes come until the connection is over. */
    private static int bytesUntilTheEnd(Socket from) throws IOException {
        int bytes = 0;
        try {
            while (from.getInputStream().read() >= 0) {
                bytes++;
            }
        } catch (SocketException | SSLException over) {
            return bytes;
        }
        return bytes;
    }

    private SSLSocket proving(TlsFiles files) throws Exception {
        SSLSocket socket = open.add(JdkTls.connect(files, gateway.address()));
        socket.setSoTimeout(20_000);
        return socket;
    }

    private Socket plain() throws IOException {
        Socket socket = open.add(
                new Socket(gateway.address().getAddress(), gateway.address().getPort()));
        socket.setSoTimeout(20_000);
        return socket;
    }

    // ---- strangers

    @Test
    void aStrangerGetsNoByteOfTheProtocolAndPutsNobodyOut() throws Exception {
        agent("host-1", VM1);
        gateway.await("attached");

        Socket plain = plain();
        plain.getOutputStream().write(hello(VM1));
        int alert = bytesUntilTheEnd(plain);
        assertTrue(alert <= 7, alert + " bytes: at most a TLS alert");

        TestAuthority foreign = new TestAuthority(folder.resolve("foreign"));
        for (String name : new String[] {"host-1", "a"}) {
            assertEquals(0, saidTo(foreign.issue(name)), "a certificate of another authority");
        }
        try (SSLSocket nobody = JdkTls.connectWithoutCertificate(gateway.address())) {
            nobody.setSoTimeout(20_000);
            nobody.getOutputStream().write(hello(VM1));
            assertEquals(0, bytesUntilTheEnd(nobody));
        } catch (SSLException | SocketException refused) {
            // Before the first byte could be written.
        }
        for (String name : new String[] {"a", "b", "witness", "host-3", "HOST-1"}) {
            assertEquals(0, saidTo(authority.issue(name)), "a certificate of '" + name + "'");
        }
        assertEquals(Optional.empty(), gateway.next(200), "nothing reached whoever decides");
        assertTrue(gateway.server().turnedAway() >= 9);
        gateway.session().start(epochOne(), true, 50);
        gateway.await("seal");
    }

    private static EpochId epochOne() {
        return new EpochId(3, 1);
    }

    /** How many bytes of the protocol the owner of these files gets for a HELLO. */
    private int saidTo(TlsFiles files) throws Exception {
        try (SSLSocket socket = JdkTls.connect(files, gateway.address())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(hello(VM1));
            return bytesUntilTheEnd(socket);
        } catch (SSLException | SocketException refused) {
            return 0;
        }
    }

    @Test
    void aHostSpeaksForItsVmsOnly() throws Exception {
        SSLSocket host1 = proving(authority.issue("host-1"));
        host1.getOutputStream().write(hello(VM2));
        assertEquals("refused: host host-1 may not speak for vm2 by this gateway's configuration", next(host1));
        assertEquals("end", next(host1));

        SSLSocket host2 = proving(authority.issue("host-2"));
        host2.getOutputStream().write(hello(VM2));
        assertEquals("welcome", next(host2));
        gateway.await("attached");

        SSLSocket unknown = proving(authority.issue("host-2"));
        unknown.getOutputStream().write(hello(new VmId("vm3")));
        assertEquals("refused: no VM of the name vm3 is configured at this gateway", next(unknown));
    }

    @Test
    @Tag("slow")
    void anAgentWhoseCertificateIsRevokedIsCutOffAndARenewedOneBringsItBack() throws Exception {
        agent("host-1", VM1);
        gateway.await("attached");
        authority.revoke("host-1");
        gateway.await("detached");
        assertFalse(gateway.hears("attached", 500));
        authority.issue("host-1");
        gateway.await("attached");
    }

    // ---- a second session

    @Test
    void aSecondSessionDisplacesTheFirstOnlyOfTheSameHostAndWhenTheFirstIsSilent() throws Exception {
        SSLSocket first = proving(authority.issue("host-1"));
        first.getOutputStream().write(hello(VM1));
        assertEquals("welcome", next(first));
        gateway.await("attached");
        Thread answering = Thread.ofVirtual().start(() -> answerPings(first));

        SSLSocket other = proving(authority.issue("host-2"));
        other.getOutputStream().write(hello(VM1));
        assertEquals("refused: host host-1 speaks for vm1", next(other));

        SSLSocket same = proving(authority.issue("host-1"));
        same.getOutputStream().write(hello(VM1));
        assertEquals("refused: another connection for vm1 is there, and heard", next(same));
        assertFalse(gateway.hears("detached", 100));

        first.close();
        answering.join();
        gateway.await("detached");
    }

    @Test
    void theSilentFirstSessionGivesWayToItsOwnHostAtOnceAndToNoOther() throws Exception {
        SSLSocket first = proving(authority.issue("host-1"));
        first.getOutputStream().write(hello(VM1));
        gateway.await("attached");

        SSLSocket other = proving(authority.issue("host-2"));
        other.getOutputStream().write(hello(VM1));
        assertEquals("refused: host host-1 speaks for vm1", next(other));

        SSLSocket same = proving(authority.issue("host-1"));
        same.getOutputStream().write(hello(VM1));
        assertEquals("welcome", next(same));
        gateway.await("detached replaced by a newer connection: this one says nothing");
        gateway.await("attached");
    }

    private static void answerPings(Socket socket) {
        try {
            while (!next(socket).equals("end")) {
                // PINGs are answered on the way.
            }
        } catch (IOException closed) {
            // It was closed here.
        }
    }

    // ---- time and number

    @Test
    void whoProvesNothingOrSaysNothingIsCutInTime() throws Exception {
        Socket idle = plain();
        Socket half = plain();
        half.getOutputStream().write(new byte[] {22, 3, 1, 2, 0, 1, 0});
        SSLSocket silent = proving(authority.issue("host-1"));
        SSLSocket halfHello = proving(authority.issue("host-1"));
        halfHello.getOutputStream().write(hello(VM1), 0, 20);
        long start = System.nanoTime();
        for (Socket each : new Socket[] {idle, half, silent, halfHello}) {
            bytesUntilTheEnd(each);
            long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
            assertTrue(tookMs < 10 * DEADLINE_MS, "cut after " + tookMs + " ms");
        }
    }

    @Test
    void aThousandIdleConnectionsKeepTheAgentOutForNoMoment() throws Exception {
        for (int i = 0; i < 1000; i++) {
            Socket idle = open.add(new Socket());
            idle.bind(new InetSocketAddress("127.0.0." + (9 + i % 50), 0));
            idle.connect(gateway.address());
        }
        long start = System.nanoTime();
        agent("host-1", VM1);
        gateway.await("attached");
        long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        assertTrue(tookMs < DEADLINE_MS, "it waited until the crowd was given up: " + tookMs + " ms");
    }

    @Test
    void garbageInsideAndOutsideTlsEndsAConnectionAndNothingElse() throws Exception {
        agent("host-1", VM1);
        gateway.await("attached");
        Random random = new Random(14);
        for (int i = 0; i < 50; i++) {
            byte[] garbage = new byte[1 + random.nextInt(4000)];
            random.nextBytes(garbage);
            Socket outside = plain();
            outside.getOutputStream().write(garbage);
            SSLSocket inside = proving(authority.issue("host-2"));
            try {
                inside.getOutputStream().write(garbage);
                outside.close();
                inside.close();
            } catch (IOException cut) {
                // It was quicker.
            }
        }
        assertFalse(gateway.hears("detached", 300));
        gateway.session().start(epochOne(), true, 50);
        gateway.await("seal");
    }

    @Test
    void theGatewayKnowsWhenTheCertificateOfAHostEnds() throws Exception {
        agent("host-1", VM1);
        gateway.await("attached");
        Instant end = gateway.session().certificateEnd().orElseThrow();
        assertTrue(end.isAfter(Instant.now().plus(Duration.ofDays(300))), end::toString);
        assertTrue(end.isBefore(Instant.now().plus(Duration.ofDays(400))), end::toString);
    }

    // ---- the gateway's proof

    @Test
    void anAgentSaysNothingToWhoeverIsNotTheGatewayOfItsSite() throws Exception {
        TestAuthority foreign = new TestAuthority(folder.resolve("foreign"));
        for (TlsFiles files : new TlsFiles[] {authority.issue("b"), authority.issue("host-2"), foreign.issue("a")}) {
            try (SSLServerSocket fake = (SSLServerSocket) JdkTls.context(files)
                    .getServerSocketFactory()
                    .createServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
                fake.setNeedClientAuth(true);
                fake.setSoTimeout(20_000);
                AgentConfig.Proof proof = new AgentConfig.Proof(new SiteId("a"), authority.issue("host-1"));
                SyntheticVm vm = new SyntheticVm(VM1, RAM_BYTES);
                vm.boot();
                try (CheckpointAgent _ = CheckpointAgent.open(
                        new GatewayAccess((InetSocketAddress) fake.getLocalSocketAddress(), Optional.of(proof)),
                        List.of(vm),
                        TIMING)) {
                    for (int round = 0; round < 2; round++) {
                        try (SSLSocket agent = (SSLSocket) fake.accept()) {
                            agent.setSoTimeout(20_000);
                            // The fake kills the VM, if the agent listens to it.
                            agent.getOutputStream().write(frame(16, new byte[] {0, 1, 'x'}));
                            assertEquals(0, bytesUntilTheEnd(agent));
                        } catch (SSLException | SocketException refused) {
                            // Before the first byte could be written.
                        }
                    }
                    assertTrue(vm.isExecuting(), "the VM runs");
                }
            }
        }
    }

    // ---- an upgrade

    @Test
    void whileUnprovenAgentsAreAdmittedBothKindsAreServedAndProofComesFirst() throws Exception {
        gateway = gateway(Admission.Unproven.ADMITTED);
        Socket old = plain();
        old.getOutputStream().write(hello(VM1));
        assertEquals("welcome", next(old));
        gateway.await("attached");

        SSLSocket proven = proving(authority.issue("host-1"));
        proven.getOutputStream().write(hello(VM1));
        assertEquals("welcome", next(proven));
        gateway.await("detached replaced by a connection of host-1, which has proved who it is");
        gateway.await("attached");

        Socket again = plain();
        again.getOutputStream().write(hello(VM1));
        assertEquals("refused: host host-1 speaks for vm1", next(again));
    }
}
