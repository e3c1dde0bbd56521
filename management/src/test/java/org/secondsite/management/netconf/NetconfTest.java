package org.secondsite.management.netconf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.secondsite.config.GatewayConfig;
import org.secondsite.management.Caller;
import org.secondsite.management.ConfigPort;
import org.secondsite.management.JudgedFile;
import org.secondsite.management.io.YangFile;
import org.secondsite.management.model.GatewayModel;

class NetconfTest {
    private static final GatewayModel MODEL = YangFile.model();
    private static final String CANDIDATE = "<target><candidate/></target>";
    private static final String HELLO_1_0 = "<hello xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'><capabilities>"
            + "<capability>urn:ietf:params:netconf:base:1.0</capability></capabilities></hello>]]>]]>";
    private static final String HELLO_1_1 = HELLO_1_0.replace("base:1.0</cap", "base:1.1</cap");

    private final JudgedFile file = new JudgedFile(JudgedFile.resource("everything.yaml"));
    private final Netconf netconf = new Netconf(MODEL, file);

    /** A client that has said hello. */
    private final class Client {
        private final NetconfSession session;
        private boolean killed;
        private Optional<String> ends = Optional.empty();

        Client(Caller.Role role) {
            session = netconf.open(new Caller("automation", role), () -> killed = true)
                    .orElseThrow();
            say(HELLO_1_0);
        }

        String say(String text) {
            NetconfSession.Turn turn = session.received(text.getBytes(StandardCharsets.UTF_8));
            ends = turn.ends();
            return new String(turn.out(), StandardCharsets.UTF_8);
        }

        String ask(String operation) {
            return say("<rpc message-id='7' xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'>" + operation
                    + "</rpc>]]>]]>");
        }

        void does(String operation) {
            String reply = ask(operation);
            assertTrue(reply.contains("<ok/>"), reply);
        }

        String fails(String tag, String operation) {
            String reply = ask(operation);
            assertTrue(reply.contains("<error-tag>" + tag + "</error-tag>"), reply);
            assertTrue(reply.contains("<error-message"), reply);
            return reply;
        }

        void edits(String inner) {
            does(edit(inner));
        }
    }

    private static String edit(String inner) {
        return "<edit-config>" + CANDIDATE
                + "<config xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0'><gateway xmlns='urn:secondsite:gateway'>"
                + inner + "</gateway></config></edit-config>";
    }

    private static String heartbeat(int ms) {
        return "<tunnel><heartbeat-ms>" + ms + "</heartbeat-ms></tunnel>";
    }

    private final Client admin = new Client(Caller.Role.ADMIN);

    private int runningHeartbeat() throws Exception {
        return running().peers().getFirst().tunnel().heartbeatMs();
    }

    private GatewayConfig running() throws Exception {
        return JudgedFile.judged(file.running().text());
    }

    @Test
    void saysWhatItKnowsAndThenSpeaksInChunks() throws Exception {
        NetconfSession session =
                netconf.open(new Caller("x", Caller.Role.VIEWER), () -> {}).orElseThrow();
        String hello = new String(session.hello(), StandardCharsets.UTF_8);
        assertTrue(hello.contains("capability:candidate:1.0") && hello.contains("<session-id>2<"), hello);
        assertTrue(hello.endsWith("]]>]]>"), hello);
        byte[] hi = HELLO_1_1.getBytes(StandardCharsets.UTF_8);
        String rpc = "<rpc message-id='1' xmlns='" + Xml.BASE + "'><close-session/></rpc>";
        String chunks =
                "\n#3\n" + rpc.substring(0, 3) + "\n#" + (rpc.length() - 3) + "\n" + rpc.substring(3) + "\n##\n";
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Optional<String> ends = Optional.empty();
        // Octet by octet: a stream has no other borders than those that framing gives it.
        for (byte octet : (new String(hi, StandardCharsets.UTF_8) + chunks).getBytes(StandardCharsets.UTF_8)) {
            NetconfSession.Turn turn = session.received(new byte[] {octet});
            out.writeBytes(turn.out());
            ends = turn.ends();
        }
        String reply = out.toString(StandardCharsets.UTF_8);
        assertTrue(reply.matches("(?s)\n#\\d+\n<rpc-reply .*message-id=\"1\"><ok/></rpc-reply>\n##\n"), reply);
        assertEquals(Optional.of("closed"), ends);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n#0\n", "\n#01\n", "x", "\n#x\n", "\n##\n", "\n#4194400\n", "\n#99999999999\n"})
    void whatIsNoChunkEndsTheSession(String chunk) {
        NetconfSession session =
                netconf.open(new Caller("x", Caller.Role.VIEWER), () -> {}).orElseThrow();
        NetconfSession.Turn turn = session.received((HELLO_1_1 + chunk).getBytes(StandardCharsets.UTF_8));
        assertTrue(turn.ends().isPresent());
        assertEquals(0, turn.out().length);
    }

    @Test
    void messageWithoutAnEndIsBounded() {
        Client client = new Client(Caller.Role.VIEWER);
        client.say("x".repeat(Framing.MAX_MESSAGE + 100));
        assertTrue(client.ends.orElse("").contains("more than"), client.ends.toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
                "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
                "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]><rpc>&b;</rpc>",
                "<rpc",
                "\0",
                ""
            })
    void whatIsNoXmlOfNetconfEndsTheSession(String text) {
        Client client = new Client(Caller.Role.ADMIN);
        String reply = client.say(text + "]]>]]>");
        assertTrue(reply.contains("<error-tag>malformed-message</error-tag>"), reply);
        assertTrue(client.ends.isPresent());
        assertFalse(reply.contains("root:"), reply);
    }

    @Test
    void depthIsBounded() {
        String reply = admin.say("<a>".repeat(100_000) + "]]>]]>");
        assertTrue(reply.contains("malformed-message"), reply);
    }

    @Test
    void readsWithAFilterAndWithoutSecrets() {
        String whole = admin.ask("<get-config><source><running/></source></get-config>");
        assertTrue(whole.contains("<heartbeat-ms>40</heartbeat-ms>") && !whole.contains("hush"), whole);
        String part = admin.ask("<get-config><source><running/></source><filter type='subtree'>"
                + "<gateway xmlns='urn:secondsite:gateway'><groups><name>web</name><vms><name/></vms></groups></gateway>"
                + "</filter></get-config>");
        assertTrue(part.contains("<name>vm1</name>") && part.contains("<name>vm2</name>"), part);
        assertFalse(part.contains("52:54") || part.contains("heartbeat"), part);
        String none = admin.ask("<get-config><source><running/></source><filter type='subtree'>"
                + "<gateway xmlns='urn:secondsite:gateway'><groups><name>nobody</name></groups></gateway>"
                + "</filter></get-config>");
        assertFalse(none.contains("<groups"), none);
        String schema = admin.ask("<get-schema xmlns='urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring'>"
                + "<identifier>secondsite-gateway</identifier></get-schema>");
        assertTrue(schema.contains(Xml.escaped(MODEL.source())), schema);
        assertTrue(admin.ask("<get/>").contains("<identifier>secondsite-gateway</identifier>"));
    }

    @Test
    void editsNodeByNodeAndCommits() throws Exception {
        admin.edits(heartbeat(30)
                + "<checkpoint><hosts><name>host-a</name><vms nc:operation='delete'>vm2</vms></hosts></checkpoint>"
                + "<groups><name>web</name><vms nc:operation='delete'><name>vm2</name></vms></groups>");
        assertEquals(40, runningHeartbeat());
        admin.does("<validate><source><candidate/></source></validate>");
        admin.does("<commit/>");
        assertEquals(30, runningHeartbeat());
        assertEquals(1, running().groups().getFirst().vms().size());
        assertEquals("automation", file.commits().getLast().who());
        admin.fails("data-exists", edit("<tunnel nc:operation='create'><heartbeat-ms>1</heartbeat-ms></tunnel>"));
        admin.fails(
                "data-missing",
                edit("<groups><name>web</name><vms nc:operation='delete'><name>vm9</name></vms></groups>"));
        admin.edits("<groups><name>web</name><vms nc:operation='remove'><name>vm9</name></vms></groups>");
        admin.does("<commit/>");
        assertEquals(30, runningHeartbeat());
    }

    @Test
    void whatChangesNothingLeavesTheFileAsItIs() {
        admin.edits(heartbeat(40));
        admin.does("<commit/>");
        assertEquals(JudgedFile.resource("everything.yaml"), file.running().text());
    }

    @Test
    void replacesEverythingWithoutLosingASecret() throws Exception {
        String shown = admin.ask("<get-config><source><running/></source></get-config>");
        String gateway =
                shown.substring(shown.indexOf("<gateway"), shown.indexOf("</gateway>") + "</gateway>".length());
        admin.does("<edit-config>" + CANDIDATE + "<default-operation>replace</default-operation><config>" + gateway
                + "</config></edit-config>");
        admin.does("<commit/>");
        assertEquals(JudgedFile.judged(JudgedFile.resource("everything.yaml")), running());
    }

    @Test
    void errorsSayWhereAndWhy() {
        String unknown = admin.fails("unknown-element", edit("<tunnel><heartbeats>1</heartbeats></tunnel>"));
        assertTrue(unknown.contains("/g:gateway/g:tunnel/g:heartbeats<"), unknown);
        String value = admin.fails("invalid-value", edit("<tunnel><heartbeat-ms>soon</heartbeat-ms></tunnel>"));
        assertTrue(value.contains("/g:gateway/g:tunnel/g:heartbeat-ms<") && value.contains("soon"), value);
        admin.fails("unknown-namespace", edit("<tunnel xmlns='urn:x'/>"));
        admin.fails("missing-element", edit("<groups><standby>b</standby></groups>"));
        admin.fails("bad-attribute", edit("<tunnel nc:operation='destroy'/>"));
        admin.fails("operation-not-supported", "<reboot/>");
        admin.fails("operation-not-supported", edit("").replace("candidate", "running"));
        admin.fails("invalid-value", "<lock><target><startup/></target></lock>");
        // What the judge of the file says, in his words.
        admin.edits("<tunnel><suspect-after-ms>20</suspect-after-ms></tunnel>");
        String judged = admin.fails("invalid-value", "<commit/>");
        assertTrue(judged.contains("suspectAfterMs"), judged);
        assertTrue(judged.contains("g:suspect-after-ms<"), judged);
    }

    @Test
    void aLockKeepsOthersOutAndADeadClientsIsFree() {
        Client other = new Client(Caller.Role.ADMIN);
        admin.does("<lock>" + CANDIDATE + "</lock>");
        String denied = other.fails("lock-denied", "<lock>" + CANDIDATE + "</lock>");
        assertTrue(denied.contains("<session-id>" + admin.session.id() + "</session-id>"), denied);
        other.fails("in-use", edit(heartbeat(30)));
        other.fails("in-use", "<commit/>");
        other.fails("operation-failed", "<unlock>" + CANDIDATE + "</unlock>");
        admin.edits(heartbeat(30));
        assertEquals(List.of(), admin.session.ended());
        other.does("<lock>" + CANDIDATE + "</lock>");
        String candidate = other.ask("<get-config><source><candidate/></source></get-config>");
        assertTrue(candidate.contains("<heartbeat-ms>40<"), candidate);
    }

    @Test
    void confirmedCommitIsTakenBackWithItsSessionAndStaysWithAName() throws Exception {
        Client other = new Client(Caller.Role.ADMIN);
        admin.edits(heartbeat(30));
        admin.does("<commit><confirmed/></commit>");
        assertEquals(30, runningHeartbeat());
        other.fails("in-use", "<commit/>");
        other.fails("lock-denied", "<lock><target><running/></target></lock>");
        admin.session.ended();
        assertEquals(40, runningHeartbeat());

        other.edits(heartbeat(31));
        other.does("<commit><confirmed/><confirm-timeout>20</confirm-timeout><persist>n1</persist></commit>");
        assertEquals(20, file.commits().getLast().confirmWithin().orElseThrow().toSeconds());
        other.session.ended();
        assertEquals(31, runningHeartbeat());
        Client third = new Client(Caller.Role.ADMIN);
        third.fails("invalid-value", "<commit/>");
        third.fails("invalid-value", "<commit><persist-id>n2</persist-id></commit>");
        third.does("<commit><persist-id>n1</persist-id></commit>");
        third.session.ended();
        assertEquals(31, runningHeartbeat());
    }

    @Test
    void confirmedCommitIsConfirmedOrCancelled() throws Exception {
        admin.edits(heartbeat(30));
        admin.does("<commit><confirmed/></commit>");
        admin.edits(heartbeat(31));
        admin.does("<commit><confirmed/></commit>");
        admin.does("<cancel-commit/>");
        assertEquals(40, runningHeartbeat());
        admin.fails("operation-failed", "<cancel-commit/>");
        admin.edits(heartbeat(32));
        admin.does("<commit><confirmed/></commit>");
        admin.does("<commit/>");
        admin.session.ended();
        assertEquals(32, runningHeartbeat());
    }

    /** It was confirmed by somebody else, in another way: nothing is taken back then. */
    @Test
    void theGatewayKnowsWhetherSomethingWaits() throws Exception {
        admin.edits(heartbeat(30));
        admin.does("<commit><confirmed/></commit>");
        file.confirm("an operator");
        admin.session.ended();
        assertEquals(30, runningHeartbeat());
    }

    @Test
    void nobodysChangeIsLost() throws Exception {
        admin.edits(heartbeat(30));
        file.commit(new ConfigPort.Wanted(
                file.running().text().replace("heartbeatMs: 40", "heartbeatMs: 50"),
                "somebody",
                "",
                1,
                Optional.empty(),
                ConfigPort.When.NOW));
        String stale = admin.fails("operation-failed", "<commit/>");
        assertTrue(stale.contains("discard-changes"), stale);
        admin.does("<discard-changes/>");
        assertEquals(50, runningHeartbeat());
    }

    @Test
    void everybodyMayWhatHisRoleSays() throws Exception {
        Client viewer = new Client(Caller.Role.VIEWER);
        viewer.fails("access-denied", "<lock>" + CANDIDATE + "</lock>");
        viewer.fails("access-denied", edit(heartbeat(30)));
        assertTrue(viewer.ask("<get-config><source><running/></source></get-config>")
                .contains("<groups"));
        Client operator = new Client(Caller.Role.OPERATOR);
        operator.fails("access-denied", edit(heartbeat(30)));
        operator.fails("access-denied", "<kill-session><session-id>1</session-id></kill-session>");
        operator.edits("<groups><name>web</name><vms><name>vm2</name><protected>true</protected></vms></groups>");
        operator.does("<commit/>");
        assertTrue(running().groups().getFirst().vms().get(1).isProtected());
        admin.edits(heartbeat(30));
        operator.fails("access-denied", "<commit/>");
    }

    @Test
    void killsASessionAndBoundsTheirNumber() {
        Client other = new Client(Caller.Role.ADMIN);
        other.does("<lock>" + CANDIDATE + "</lock>");
        admin.fails("invalid-value", "<kill-session><session-id>1</session-id></kill-session>");
        admin.does("<kill-session><session-id>" + other.session.id() + "</session-id></kill-session>");
        assertTrue(other.killed);
        admin.does("<lock>" + CANDIDATE + "</lock>");
        for (int i = 1; i < Netconf.MAX_SESSIONS; i++) {
            assertTrue(
                    netconf.open(new Caller("x", Caller.Role.VIEWER), () -> {}).isPresent());
        }
        assertTrue(netconf.open(new Caller("x", Caller.Role.VIEWER), () -> {}).isEmpty());
    }
}
