package org.secondsite.management.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opendaylight.netconf.databind.RequestException;
import org.secondsite.config.GatewayConfig;
import org.secondsite.management.Caller;
import org.secondsite.management.ConfigPort;
import org.secondsite.management.JudgedFile;
import org.secondsite.management.io.YangFile;
import org.secondsite.management.model.GatewayModel;

class RestconfTest {
    private static final GatewayModel MODEL = YangFile.model();
    private static final String GATEWAY = "/restconf/data/secondsite-gateway:gateway";

    private final JudgedFile file = new JudgedFile(JudgedFile.resource("everything.yaml"));
    private final Restconf restconf = new Restconf(MODEL, file);
    private final Map<String, String> headers = new HashMap<>(Map.of("content-type", "application/yang-data+json"));
    private Caller.Role role = Caller.Role.ADMIN;

    private HttpResponse ask(String method, String address, String body) {
        try {
            return restconf.answer(new HttpRequest(
                    method, address, headers, body.getBytes(StandardCharsets.UTF_8), new Caller("automation", role)));
        } catch (RequestException e) {
            return restconf.refused(e);
        }
    }

    private String answered(int status, String method, String address, String body) {
        HttpResponse response = ask(method, address, body);
        String text = new String(response.body(), StandardCharsets.UTF_8);
        assertEquals(status, response.status(), text);
        return text.replaceAll("\\s+", "");
    }

    private GatewayConfig running() throws Exception {
        return JudgedFile.judged(file.running().text());
    }

    @Test
    void readsWhatRunsInBothEncodings() throws Exception {
        String json = answered(200, "GET", GATEWAY + "/tunnel", "");
        assertTrue(json.startsWith("{\"secondsite-gateway:tunnel\":{") && json.contains("\"heartbeat-ms\":40"), json);
        headers.put("accept", "application/yang-data+xml");
        String xml = answered(200, "GET", GATEWAY + "/tunnel", "");
        assertTrue(xml.contains("<heartbeat-ms>40</heartbeat-ms>"), xml);
    }

    @Test
    void readsAsMuchAsIsAskedFor() throws Exception {
        assertEquals(
                "{\"secondsite-gateway:gateway\":{\"groups\":[{\"name\":\"web\",\"vms\":[{\"name\":\"vm1\"},{\"name\":\"vm2\"}]}]}}",
                answered(200, "GET", GATEWAY + "?fields=groups(name;vms(name))", ""));
        String shallow = answered(200, "GET", GATEWAY + "/groups=web?depth=2", "");
        assertTrue(shallow.contains("\"name\":\"web\"") && !shallow.contains("52:54"), shallow);
        answered(404, "GET", GATEWAY + "?content=nonconfig", "");
    }

    @Test
    void showsNoSecretAndKeepsIt() throws Exception {
        String whole = answered(200, "GET", GATEWAY, "");
        assertFalse(whole.contains("hush"), whole);
        answered(204, "PUT", GATEWAY, new String(ask("GET", GATEWAY, "").body(), StandardCharsets.UTF_8));
        assertEquals(JudgedFile.judged(JudgedFile.resource("everything.yaml")), running());
    }

    @Test
    void whatChangesNothingLeavesTheFileAsItIs() throws Exception {
        answered(204, "PATCH", GATEWAY + "/tunnel", "{\"secondsite-gateway:tunnel\": {\"heartbeat-ms\": 40}}");
        assertEquals(JudgedFile.resource("everything.yaml"), file.running().text());
    }

    @Test
    void patchesALeafAndSaysWho() throws Exception {
        answered(
                204,
                "PATCH",
                GATEWAY + "/tunnel?reason=too+slow&confirm=30",
                "{\"secondsite-gateway:tunnel\": {\"heartbeat-ms\": 30}}");
        assertEquals(30, running().peers().getFirst().tunnel().heartbeatMs());
        ConfigPort.Wanted commit = file.commits().getLast();
        assertEquals("automation", commit.who());
        assertEquals("too slow", commit.reason());
        assertEquals(Optional.of(Duration.ofSeconds(30)), commit.confirmWithin());
    }

    /** It stands in timelines and on terminals. */
    @Test
    void reasonIsOneLine() throws Exception {
        answered(
                204,
                "PATCH",
                GATEWAY + "/tunnel?reason=a%0Arevision+9+by+root%1B%5B2J",
                "{\"secondsite-gateway:tunnel\": {\"heartbeat-ms\": 30}}");
        assertEquals("a revision 9 by root [2J", file.commits().getLast().reason());
    }

    @Test
    void ticksABox() throws Exception {
        answered(204, "PUT", GATEWAY + "/groups=web/vms=vm2/protected", "{\"secondsite-gateway:protected\": true}");
        assertTrue(running().groups().getFirst().vms().get(1).isProtected());
    }

    @Test
    void operatorTicksABoxAndChangesNothingElse() throws Exception {
        role = Caller.Role.OPERATOR;
        String before = file.running().text();
        answered(204, "PATCH", GATEWAY + "/groups=web/vms=vm2/protected", "{\"secondsite-gateway:protected\": true}");
        assertEquals(
                before.replace("name: vm2, protected: false", "name: vm2, protected: true"),
                file.running().text(),
                "comments included");
        answered(
                403,
                "PATCH",
                GATEWAY + "/groups=web/vms=vm2/mac",
                "{\"secondsite-gateway:mac\": \"52:54:00:c0:10:09\"}");
        answered(
                403,
                "PATCH",
                GATEWAY + "/groups=web/vms=vm2",
                "{\"secondsite-gateway:vms\": [{\"name\": \"vm2\", \"protected\": true}]}");
        answered(403, "DELETE", GATEWAY + "/groups=web/vms=vm2/protected", "");
        answered(404, "PUT", GATEWAY + "/groups=web/vms=vm9/protected", "{\"secondsite-gateway:protected\": true}");
        assertEquals(2, file.running().revision());
    }

    @Test
    void fileThatTheModuleHasNoWordsForIsToldOf() throws Exception {
        JudgedFile odd = new JudgedFile(file.running().text().replace("heartbeatMs: 40", "heartbeatMs: 4 0"));
        HttpResponse response = new Restconf(MODEL, odd)
                .answer(new HttpRequest("GET", GATEWAY, Map.of(), new byte[0], new Caller("x", role)));
        String said = new String(response.body(), StandardCharsets.UTF_8);
        assertEquals(500, response.status(), said);
        assertTrue(said.contains("tunnel.heartbeatMs"), said);
    }

    @Test
    void bodiesThatAreMadeToBeExpensiveAreRefused() throws Exception {
        String deep = "[".repeat(100_000) + "]".repeat(100_000);
        answered(400, "PATCH", GATEWAY + "/tunnel", "{\"secondsite-gateway:tunnel\": " + deep + "}");
        answered(400, "PATCH", GATEWAY + "/tunnel", "{\"secondsite-gateway:tunnel\": {\"listen\": " + deep + "}}");
        headers.put("content-type", "application/yang-data+xml");
        answered(
                400,
                "PATCH",
                GATEWAY + "/tunnel",
                "<!DOCTYPE t [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"
                        + "<tunnel xmlns='urn:secondsite:gateway'><listen>&a;</listen></tunnel>");
        headers.put("content-type", "text/plain; charset=json");
        answered(415, "PATCH", GATEWAY + "/tunnel", "{\"secondsite-gateway:tunnel\": {\"heartbeat-ms\": 30}}");
        assertEquals(1, file.running().revision());
    }

    @Test
    void createsByEachOfTheWays() throws Exception {
        String vm = "{\"name\": \"%s\", \"mac\": \"52:54:00:c0:10:0%s\", \"addresses\": [\"203.0.113.1%s\"],"
                + " \"switch\": \"sw-a\", \"port\": \"%s\", \"protected\": false}";
        HttpResponse child = ask(
                "POST",
                GATEWAY + "/groups=web",
                "{\"secondsite-gateway:vms\": [" + vm.formatted("vm3", 3, 3, "p3") + "]}");
        assertEquals(201, child.status(), new String(child.body(), StandardCharsets.UTF_8));
        assertEquals(GATEWAY + "/groups=web/vms=vm3", child.headers().get("Location"));
        HttpResponse itself = ask(
                "POST",
                GATEWAY + "/groups=web/vms=vm4",
                "{\"secondsite-gateway:vms\": [" + vm.formatted("vm4", 4, 4, "p4") + "]}");
        assertEquals(201, itself.status(), new String(itself.body(), StandardCharsets.UTF_8));
        answered(
                201,
                "PUT",
                GATEWAY + "/groups=web/vms=vm5",
                "{\"secondsite-gateway:vms\": [" + vm.formatted("vm5", 5, 5, "p5") + "]}");
        assertEquals(5, running().groups().getFirst().vms().size());
        answered(
                409,
                "POST",
                GATEWAY + "/groups=web",
                "{\"secondsite-gateway:vms\": [" + vm.formatted("vm3", 3, 3, "p3") + "]}");
        answered(204, "DELETE", GATEWAY + "/groups=web/vms=vm4", "");
        answered(404, "DELETE", GATEWAY + "/groups=web/vms=vm4", "");
        answered(
                404,
                "PATCH",
                GATEWAY + "/groups=web/vms=vm4",
                "{\"secondsite-gateway:vms\": [" + vm.formatted("vm4", 4, 4, "p4") + "]}");
        answered(
                404,
                "PUT",
                GATEWAY + "/groups=nix/vms=vm4",
                "{\"secondsite-gateway:vms\": [" + vm.formatted("vm4", 4, 4, "p4") + "]}");
        assertEquals(4, running().groups().getFirst().vms().size());
    }

    @Test
    void putOfADifferenceIsRefusedWithWhatItLacks() throws Exception {
        String said =
                answered(400, "PUT", GATEWAY + "/tunnel", "{\"secondsite-gateway:tunnel\": {\"heartbeat-ms\": 60}}");
        assertTrue(said.contains("tunnel.listen:ismissing"), said);
        assertEquals(40, running().peers().getFirst().tunnel().heartbeatMs());
    }

    @Test
    void theJudgesProblemsAreErrorsWithTheirPlaces() throws Exception {
        String said =
                answered(400, "PATCH", GATEWAY + "/tunnel", "{\"secondsite-gateway:tunnel\": {\"heartbeat-ms\": 100}}");
        assertTrue(said.contains("\"error-message\":") && said.contains("lessthanthreeheartbeats"), said);
    }

    @ParameterizedTest
    @CsvSource({
        "PATCH, /tunnel, '{\"secondsite-gateway:tunnel\": {\"heartbeat-ms\": 4}}', 400, 5to10000ms",
        "PATCH, /tunnel, '{\"secondsite-gateway:tunnel\": {\"heartbeat\": 40}}', 400, heartbeat",
        "PATCH, /tunnel, '{nonsense', 400, error-message",
        "PATCH, /tunnel, '', 400, error-message",
        "PATCH, /tunnel, '[]', 400, error-message",
        "PUT, /groups=web/vms=vm1, '{\"secondsite-gateway:vms\": [{\"name\": \"vm2\"}]}', 400, error-message",
        "PUT, /groups=web/vms=vm1/mac, '{\"secondsite-gateway:mac\": \"lo\"}', 400, notaMACaddress",
        "GET, /nonsense, '', 404, nonsense",
        "GET, /groups=nix, '', 404, groups=nix",
        "GET, /groups, '', 400, error-message",
        "GET, '/groups=web?dept=3', '', 400, dept",
        "GET, '/groups=web?depth=0', '', 400, depth",
        "GET, '/groups=web?depth=%3', '', 400, escape",
        "GET, '/groups=web?depth=%zz', '', 400, escape",
        "GET, '/groups=web?depth=1&depth=2', '', 400, twice",
        "PATCH, '/tunnel?confirm=soon', '{}', 400, confirm",
        "DELETE, '', '', 501, error-message",
        "TRACE, /tunnel, '', 405, only"
    })
    void whatIsWrongIsNamed(String method, String address, String body, int status, String word) throws Exception {
        String said = answered(status, method, GATEWAY + address, body);
        assertTrue(said.contains("\"error-message\":\"") && said.contains(word), said);
        assertEquals(1, file.running().revision());
    }

    @Test
    void whoHasSeenSomethingElseIsTold() throws Exception {
        String address = GATEWAY + "/tunnel";
        String tag = ask("GET", address, "").headers().get("ETag");
        headers.put("if-match", tag);
        answered(204, "PATCH", address, "{\"secondsite-gateway:tunnel\": {\"heartbeat-ms\": 30}}");
        answered(412, "PATCH", address, "{\"secondsite-gateway:tunnel\": {\"heartbeat-ms\": 20}}");
        headers.put("if-match", ask("GET", address, "").headers().get("ETag"));
        answered(204, "PATCH", address, "{\"secondsite-gateway:tunnel\": {\"heartbeat-ms\": 20}}");
        headers.remove("if-match");
        headers.put("if-none-match", "*");
        answered(412, "PUT", GATEWAY + "/groups=web/vms=vm1/protected", "{\"secondsite-gateway:protected\": false}");
        assertEquals(20, running().peers().getFirst().tunnel().heartbeatMs());
    }

    @Test
    void dryRunTellsAndChangesNothing() throws Exception {
        String said = answered(
                200, "PATCH", GATEWAY + "/tunnel?dry-run", "{\"secondsite-gateway:tunnel\": {\"heartbeat-ms\": 30}}");
        assertTrue(said.contains("DETECTION_ALTERED") && said.contains("tunnel.heartbeatMs"), said);
        assertEquals(1, file.running().revision());
    }

    @Test
    void whoMayOnlyLookChangesNothing() throws Exception {
        role = Caller.Role.VIEWER;
        String said =
                answered(403, "PATCH", GATEWAY + "/tunnel", "{\"secondsite-gateway:tunnel\": {\"heartbeat-ms\": 30}}");
        assertTrue(said.contains("access-denied"), said);
        answered(200, "GET", GATEWAY + "/tunnel", "");
        assertEquals(1, file.running().revision());
    }

    @Test
    void rulesAreInTheOrderOfTheirNumbers() throws Exception {
        String neighbor = GATEWAY + "/bgp/neighbors=10.1.0.1/imports=15";
        answered(
                201,
                "PUT",
                neighbor,
                "{\"secondsite-gateway:imports\": [{\"sequence\": 15, \"action\": \"reject\", \"prefixes\": [\"192.0.2.0/24\"]}]}");
        String all = answered(200, "GET", GATEWAY + "/bgp/neighbors=10.1.0.1?fields=imports(sequence;action)", "");
        assertTrue(all.indexOf("next") < all.indexOf("reject") && all.indexOf("reject") < all.indexOf("accept"), all);
        assertTrue(all.contains("\"sequence\":30"), all);
    }

    @Test
    void operationsAreDoneForThoseWhoMay() throws Exception {
        String operation = "/restconf/operations/secondsite-gateway:";
        assertTrue(answered(409, "POST", operation + "confirm", "").contains("nothingwaits"));
        answered(
                204,
                "PATCH",
                GATEWAY + "/tunnel?confirm=30",
                "{\"secondsite-gateway:tunnel\": {\"heartbeat-ms\": 30}}");
        answered(204, "POST", operation + "confirm", "");
        answered(204, "POST", operation + "roll-back", "{\"secondsite-gateway:input\": {\"reason\": \"worse\"}}");
        role = Caller.Role.OPERATOR;
        answered(403, "POST", operation + "roll-back", "");
        String input = "{\"secondsite-gateway:input\": {\"group\": \"web\", \"reason\": \"new roof\"}}";
        answered(204, "POST", operation + "switchover", input);
        assertTrue(answered(400, "POST", operation + "switchover", "").contains("group:ismissing"));
        answered(400, "POST", operation + "switchover", "{\"secondsite-gateway:input\": {\"crowd\": \"web\"}}");
        answered(405, "GET", operation + "switchover", "");
        answered(404, "POST", operation + "explode", "");
        role = Caller.Role.VIEWER;
        answered(403, "POST", operation + "switchover", input);
        headers.put("content-type", "application/yang-data+xml");
        role = Caller.Role.OPERATOR;
        answered(
                204,
                "POST",
                operation + "switchover",
                "<input xmlns='urn:secondsite:gateway'><group>web</group><reason>back</reason></input>");
        assertEquals(
                List.of(
                        "confirmed by automation",
                        "rolled back by automation: worse",
                        "switchover of web by automation: new roof",
                        "switchover of web by automation: back"),
                file.orders());
    }

    @Test
    void operatorTicksABoxByAnOperation() throws Exception {
        role = Caller.Role.OPERATOR;
        String operation = "/restconf/operations/secondsite-gateway:";
        String before = file.running().text();
        String vm2 = "{\"secondsite-gateway:input\": {\"vm\": \"vm2\", \"reason\": \"audit\"%s}}";
        String said = answered(200, "POST", operation + "protect", vm2.formatted(", \"dry-run\": true"));
        assertTrue(
                said.startsWith("{\"secondsite-gateway:output\":{\"impact\":{\"change\":[{") && said.contains("vm2"),
                said);
        assertEquals(before, file.running().text());
        answered(204, "POST", operation + "protect", vm2.formatted(""));
        assertEquals(
                before.replace("name: vm2, protected: false", "name: vm2, protected: true"),
                file.running().text(),
                "comments included");
        assertEquals("audit", file.commits().getLast().reason());
        answered(204, "POST", operation + "unprotect", vm2.formatted(", \"group\": \"web\""));
        assertEquals(before, file.running().text());
        answered(400, "POST", operation + "protect", vm2.formatted(", \"group\": \"mail\""));
        answered(400, "POST", operation + "protect", "{\"secondsite-gateway:input\": {\"vm\": \"vm9\"}}");
        role = Caller.Role.VIEWER;
        answered(403, "POST", operation + "protect", vm2.formatted(""));
        assertEquals(3, file.running().revision());
    }

    @Test
    void whatAnOperationWouldDoIsToldAndNotDone() throws Exception {
        String operation = "/restconf/operations/secondsite-gateway:";
        String dryRun = "{\"secondsite-gateway:input\": {\"group\": \"%s\", \"reason\": \"roof\", \"dry-run\": true}}";
        String said = answered(200, "POST", operation + "switchover", dryRun.formatted("web"));
        assertTrue(said.contains("vm1stophereandgoonatsiteb") && said.contains("owner:a->b"), said);
        assertTrue(answered(400, "POST", operation + "switchover", dryRun.formatted("nix"))
                .contains("thereare[web]"));
        String back = "{\"secondsite-gateway:input\": {\"dry-run\": true}}";
        answered(409, "POST", operation + "roll-back", back);
        answered(204, "PATCH", GATEWAY + "/tunnel", "{\"secondsite-gateway:tunnel\": {\"heartbeat-ms\": 30}}");
        said = answered(200, "POST", operation + "roll-back", back);
        assertTrue(said.contains("30->40"), said);
        assertEquals(List.of(), file.orders());
        assertEquals(2, file.running().revision());
    }

    @Test
    void tellsWhatRanBefore() throws Exception {
        role = Caller.Role.VIEWER;
        String said = answered(200, "POST", "/restconf/operations/secondsite-gateway:history", "");
        assertTrue(
                said.startsWith("{\"secondsite-gateway:output\":{\"revisions\":[{\"number\":1,")
                        && said.contains("somebody"),
                said);
        assertFalse(said.contains("hush"), said);
    }

    @Test
    void tellsWhatTheGatewayKnows() throws Exception {
        role = Caller.Role.VIEWER;
        String status = "/restconf/data/secondsite-gateway:status";
        String all = answered(200, "GET", status, "");
        assertTrue(all.startsWith("{\"secondsite-gateway:status\":{") && all.contains("\"revision\":1"), all);
        assertEquals(
                "{\"secondsite-gateway:vms\":[{\"name\":\"vm1\",\"commit-ms\":{\"p99\":\"7.0\"}}]}",
                answered(200, "GET", status + "/groups=web/vms=vm1?fields=name;commit-ms/p99", ""));
        assertEquals(
                "{\"secondsite-gateway:rtt-ms\":\"0.001\"}", answered(200, "GET", status + "/peers=b/wan/rtt-ms", ""));
        answered(404, "GET", status + "/groups=nix", "");
        answered(404, "GET", status + "?content=config", "");
        role = Caller.Role.ADMIN;
        answered(405, "PUT", status + "/witness", "{\"secondsite-gateway:witness\": \"up\"}");
        answered(405, "DELETE", status, "");
        answered(400, "POST", "/restconf/data", "{\"secondsite-gateway:status\": {\"witness\": \"up\"}}");
    }

    @Test
    void datastoreHasConfigurationAndState() throws Exception {
        String data = "/restconf/data";
        String all = answered(200, "GET", data, "");
        assertTrue(all.startsWith("{\"ietf-restconf:data\":{"), all);
        assertTrue(
                all.contains("\"secondsite-gateway:gateway\":") && all.contains("\"secondsite-gateway:status\":"), all);
        assertFalse(all.contains("hush"), all);
        String config = answered(200, "GET", data + "?content=config", "");
        assertTrue(config.contains("heartbeat-ms") && !config.contains("rtt-ms"), config);
        String state = answered(200, "GET", data + "?content=nonconfig", "");
        assertTrue(!state.contains("heartbeat-ms") && state.contains("rtt-ms"), state);
        headers.put("accept", "application/yang-data+xml");
        String xml = answered(200, "GET", data + "?content=nonconfig", "");
        assertTrue(xml.startsWith("<dataxmlns=\"urn:ietf:params:xml:ns:yang:ietf-restconf\"><status"), xml);
    }

    @Test
    void tellsWhatItIs() throws Exception {
        assertTrue(answered(200, "GET", "/.well-known/host-meta", "").contains("/restconf"));
        assertTrue(answered(200, "GET", "/restconf", "").contains("yang-library-version"));
        assertTrue(answered(200, "GET", "/restconf/operations", "").contains("\"secondsite-gateway:confirm\":[null]"));
        assertTrue(answered(200, "GET", "/restconf/data/ietf-yang-library:yang-library", "")
                .contains("secondsite-gateway@"));
        assertTrue(answered(200, "GET", "/restconf/schema/secondsite-gateway@2026-11-30.yang", "")
                .contains("modulesecondsite-gateway{"));
        answered(404, "GET", "/somewhere", "");
        assertEquals(
                "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE",
                ask("OPTIONS", GATEWAY, "").headers().get("Allow"));
        assertEquals(0, ask("HEAD", GATEWAY, "").body().length);
    }
}
