package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.config.io.DirectoryTree;
import org.secondsite.pki.TestAuthority;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.SyntheticVm;
import org.secondsite.replicator.checkpoint.Admission;
import org.secondsite.replicator.checkpoint.Callers;
import org.secondsite.replicator.checkpoint.io.CheckpointServerSettings;
import org.secondsite.testing.Opened;

/** The Unix socket of a gateway for the agents of its own machine: no certificate and no encryption, and the kernel says who is there. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LocalSocketTest {
    private static final VmId VM1 = new VmId("vm1");
    private static final VmId VM2 = new VmId("vm2");
    private static final String HOST = "host-1";
    private static final int RAM_BYTES = 1 << 20;
    private static final AgentTiming TIMING = new AgentTiming(3000, 20, 100, 5000, 20);

    /** Debian's. */
    private static final int NOBODY = 65534;

    @RegisterExtension
    final Opened open = new Opened();

    private Path folder;
    private Path socket;

    @BeforeEach
    void makeFolder() throws IOException {
        // Others get as far as the socket: what keeps them out is not that they cannot reach it.
        folder = Files.createTempDirectory("secondsite-local");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        socket = folder.resolve("agents.sock");
    }

    @AfterEach
    void removeFolder() throws IOException {
        DirectoryTree.delete(folder);
    }

    private RecordingGateway gateway() throws Exception {
        TestAuthority authority = new TestAuthority(folder.resolve("pki"));
        Map<String, Set<VmId>> hosts = Map.of(HOST, Set.of(VM1), "host-2", Set.of(VM2));
        return open.add(new RecordingGateway(
                authority.issue("a"),
                new Admission(Set.of(VM1, VM2), hosts, Admission.Unproven.REFUSED),
                Optional.of(new CheckpointServerSettings.Local(socket, HOST))));
    }

    private void agent(VmId vm) throws Exception {
        SyntheticVm synthetic = new SyntheticVm(vm, RAM_BYTES);
        synthetic.boot();
        open.add(CheckpointAgent.open(
                GatewayAccess.plain(UnixDomainSocketAddress.of(socket)), List.of(synthetic), TIMING));
    }

    /** Runs as a user who is nobody here, and says what came of it. */
    private static Process asNobody(String script, Path argument) throws IOException {
        return new ProcessBuilder(
                        "setpriv",
                        "--reuid=" + NOBODY,
                        "--regid=" + NOBODY,
                        "--clear-groups",
                        "perl",
                        "-MSocket",
                        "-e",
                        script,
                        argument.toString())
                .redirectErrorStream(true)
                .start();
    }

    private static String said(Process process) throws Exception {
        String words = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(30, TimeUnit.SECONDS));
        return words;
    }

    @Test
    void anAgentOfThisMachineNeedsNoCertificateAndIsItsHost() throws Exception {
        RecordingGateway gateway = gateway();
        agent(VM1);
        gateway.await("attached running=true");
        List<Callers.Call> calls = gateway.server().callers().get(30, TimeUnit.SECONDS);
        assertEquals(List.of(HOST), calls.stream().map(Callers.Call::host).toList());
        assertEquals(Optional.empty(), gateway.session().certificateEnd());
        gateway.session().start(new EpochId(3, 1), true, 50);
        gateway.await("epoch 3/1");
    }

    @Test
    void itSpeaksForTheVmsOfItsHostOnly() throws Exception {
        RecordingGateway gateway = gateway();
        agent(VM2);
        assertFalse(gateway.hears("attached", 500));
        assertTrue(gateway.server().turnedAway() > 0);
        agent(VM1);
        gateway.await("attached");
    }

    @Test
    void theSocketIsThisUsersAloneAndOneThatIsLeftIsReplaced() throws Exception {
        try (ServerSocketChannel left = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            left.bind(UnixDomainSocketAddress.of(socket));
        }
        gateway();
        String mode = PosixFilePermissions.toString(Files.getPosixFilePermissions(socket));
        assertTrue(mode.endsWith("------"), mode);
        try (SocketChannel stranger = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            stranger.write(ByteBuffer.wrap("no message of the protocol".getBytes(StandardCharsets.US_ASCII)));
            assertEquals(-1, Channels.newInputStream(stranger).read(), "whoever says what is none is cut");
        }
    }

    @Test
    void aFileThatIsNoSocketIsNotReplaced() throws Exception {
        Files.writeString(socket, "somebody's");
        IOException refused = assertThrows(IOException.class, this::gateway);
        assertTrue(refused.getMessage().startsWith(socket + " is to be a socket"), refused.getMessage());
        assertEquals("somebody's", Files.readString(socket));
    }

    @Tag("lab")
    @Test
    void anotherUserWhoGetsAsFarAsTheSocketGetsNoByteAndIsNotHeard() throws Exception {
        RecordingGateway gateway = gateway();
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
        Process nobody = asNobody("""
                $SIG{PIPE} = "IGNORE"; # whoever is cut before it writes lives on, and says so
                socket(my $s, AF_UNIX, SOCK_STREAM, 0);
                connect($s, pack_sockaddr_un($ARGV[0])) or die "no connection: $!";
                syswrite($s, pack("H*", "000000290100000000040000000000000010000000000000000000000000000000000000") . "x" x 16);
                my $bytes = sysread($s, my $heard, 100);
                print defined $bytes ? "heard $bytes" : "cut";
                """, socket);
        String words = said(nobody);
        assertTrue(words.equals("heard 0") || words.equals("cut"), () -> "said '" + words + "'");
        // The other end sees the end of the connection before the gateway counts it.
        while (gateway.server().turnedAway() == 0) {
            Thread.sleep(10);
        }
        assertEquals(Optional.empty(), gateway.next(200));
    }

    @Tag("lab")
    @Test
    void anAgentSaysNothingToAnotherUserWhoListensInTheGatewaysPlace() throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        Process nobody = asNobody("""
                $| = 1;
                socket(my $s, AF_UNIX, SOCK_STREAM, 0);
                bind($s, pack_sockaddr_un($ARGV[0])) or die "no socket: $!";
                listen($s, 5);
                print "listens\\n";
                accept(my $c, $s);
                my $bytes = sysread($c, my $heard, 100);
                print defined $bytes ? "heard $bytes" : "cut";
                """, socket);
        StringBuilder listens = new StringBuilder();
        for (int next = nobody.getInputStream().read();
                next > '\n';
                next = nobody.getInputStream().read()) {
            listens.append((char) next);
        }
        assertEquals("listens", listens.toString());
        agent(VM1);
        String words = said(nobody);
        assertTrue(words.equals("heard 0") || words.equals("cut"), words);
    }
}
