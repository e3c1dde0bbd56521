package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalTime;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.secondsite.gateway.management.ManagementClient;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.Site;

/**
 * The standby's configuration changes while it runs; its router, a BIRD, tells what comes of it. One lab serves all the drills: each begins
 * with the pair protected and the file as it was at first.
 */
@Tag("lab")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ConfigDrillTest {
    private static final Pattern UPDATES = Pattern.compile("Import updates: +(\\d+)");
    private static final Pattern WITHDRAWS = Pattern.compile("Import withdraws: +(\\d+)");
    private static final String USUAL = "standbyPrepend: 3";
    private static final int SOON_SECONDS = 30;

    /** Within this, BIRD means the same session: it does not always tell the same millisecond. */
    private static final int SAME_MS = 50;

    private final String name = TestNames.lab();
    private Lab lab;
    private DrillLab drill;
    private Path file;
    private String text;

    @BeforeAll
    void up() throws IOException {
        lab = DrillLab.bringUp(new LabOptions(name, 0, LabOptions.Load.IDLE, true));
        file = lab.paths().file("gateway-b.yaml");
        text = Files.readString(file);
        assertTrue(text.contains(USUAL), text);
    }

    @AfterAll
    void down() throws IOException {
        Lab.down(name);
    }

    @BeforeEach
    void asAtFirst() throws IOException {
        assertEquals(Site.A, Drill.awaitProtected(lab));
        drill = DrillLab.in(lab);
        if (!done("show", Map.of()).path("text").asText().equals(text)) {
            done("commit", Map.of("text", text));
        }
        assertEquals(text, Files.readString(file));
        Waiting.until("the standby's route", SOON_SECONDS, () -> prepends() == 3);
        Waiting.until("the standby's switch, with its flows", SOON_SECONDS, () -> switchConnected() > 0);
    }

    @AfterEach
    void endClient() throws IOException {
        if (drill != null) {
            drill.close();
        }
    }

    private String bird(String question) throws IOException {
        return Commands.run(
                "birdc", "-s", drill.lab().paths().file("router-b.ctl").toString(), "show " + question);
    }

    /** How often more than once the gateway's own AS is in the path of the group's prefix; -1: there is no route. */
    private int prepends() throws IOException {
        Matcher path =
                Pattern.compile("BGP.as_path: ([\\d ]+)").matcher(bird("route 203.0.113.0/24 protocol to_gateway all"));
        return path.find() ? path.group(1).trim().split(" ").length - 1 : -1;
    }

    private long counted(Pattern what) throws IOException {
        Matcher count = what.matcher(bird("protocols all to_gateway"));
        assertTrue(count.find(), "BIRD counts");
        return Long.parseLong(count.group(1));
    }

    /** Since when the session is up, as BIRD tells it: by a clock of its own, so that a millisecond may be lost in between. */
    private LocalTime upSince() throws IOException {
        Matcher line =
                Pattern.compile("to_gateway +BGP .* up +(\\S+) +Established").matcher(bird("protocols to_gateway"));
        assertTrue(line.find(), "the session is up");
        return LocalTime.parse(line.group(1));
    }

    private void requireOneSessionSince(LocalTime time) throws IOException {
        assertTrue(
                Duration.between(time, upSince()).abs().toMillis() < SAME_MS,
                "one session since " + time + ": " + upSince());
    }

    private JsonNode config(String action, Map<String, String> arguments) throws IOException {
        Map<String, String> all = new HashMap<>(arguments);
        all.put("action", action);
        return ManagementClient.ask(drill.lab().paths().management(Site.B), "config", all);
    }

    private JsonNode done(String action, Map<String, String> arguments) throws IOException {
        JsonNode answer = config(action, arguments);
        assertFalse(answer.has("error"), answer.toString());
        return answer;
    }

    private String prepending(int times) {
        return text.replace(USUAL, "standbyPrepend: " + times);
    }

    /** The last: it ends a session, and after that BIRD waits for a minute if another ends. */
    @Test
    @Order(Integer.MAX_VALUE)
    void changesGoOutAndNothingElseDoes() throws IOException {
        LocalTime since = upSince();
        JsonNode told = done("diff", Map.of("text", prepending(1)));
        assertEquals(1, told.path("changes").size(), told.toString());
        assertEquals(3, prepends(), "telling changes nothing");

        done("commit", Map.of("text", prepending(1), "reason", "a drill"));
        Waiting.until("the new path", SOON_SECONDS, () -> prepends() == 1);
        assertEquals(prepending(1), Files.readString(file));

        long updates = counted(UPDATES);
        long withdraws = counted(WITHDRAWS);
        done("commit", Map.of("text", prepending(1).replace("heartbeatMs: 50", "heartbeatMs: 50, connections: 1")));
        drill.run(1_000);
        assertEquals(updates, counted(UPDATES), "a default that is written out sends nothing");

        done("commit", Map.of("text", prepending(1).replace("[203.0.113.0/24]", "[203.0.113.0/24, 198.51.100.0/24]")));
        Waiting.until("the new prefix", SOON_SECONDS, () -> bird("route protocol to_gateway")
                .contains("198.51.100.0/24"));
        assertEquals(updates + 1, counted(UPDATES), "the prefix that stays is not sent again");
        done("rollback", Map.of());
        Waiting.until("the prefix to go", SOON_SECONDS, () -> !bird("route protocol to_gateway")
                .contains("198.51.100.0/24"));
        assertEquals(withdraws + 1, counted(WITHDRAWS));
        assertEquals(updates + 1, counted(UPDATES));

        String other = "neighbors: [{address: 192.0.2.1, remoteAs: 65009}, ";
        done("commit", Map.of("text", prepending(1).replace("neighbors: [", other)));
        assertEquals(2, drill.site(Site.B).status().path("bgp").size(), "the neighbour that came is shown");
        done("rollback", Map.of());
        assertEquals(1, drill.site(Site.B).status().path("bgp").size(), "and gone again");
        requireOneSessionSince(since);

        switchesComeChangeAndGo();
        tuningKeepsWhatIsProtected();
        requireOneSessionSince(since);

        done("commit", Map.of("text", prepending(1).replace("holdTimeSeconds: 9", "holdTimeSeconds: 12")));
        Waiting.until(
                "the new session that this needs",
                SOON_SECONDS,
                () -> bird("protocols to_gateway").contains("Established")
                        && Duration.between(since, upSince()).toMillis() >= SAME_MS);
        assertTrue(drill.verdict().nothingLost());
    }

    /** Heartbeats, suspicion, the tunnel, the figures' address, checkpoints and the log. */
    private void tuningKeepsWhatIsProtected() throws IOException {
        String tuned = prepending(1)
                .replace("heartbeatMs: 50, suspectAfterMs: 600", "heartbeatMs: 40, suspectAfterMs: 700, connections: 2")
                .replace("maxEpochsInFlight: 16", "maxEpochsInFlight: 12, overload: slow")
                .replace("management: {", "management: {logLevel: debug, ");
        assertFalse(tuned.equals(prepending(1)));
        done("commit", Map.of("text", tuned));
        Waiting.until("two connections", SOON_SECONDS, () -> connections() == 2);

        String another = tuned.replace("heartbeatMs: 40", "heartbeatMs: 45")
                .replace("connections: 2", "connections: 3")
                .replaceAll("listen: \\[[^]]*], standby", "listen: [198.51.100.99], standby");
        JsonNode failed = config("commit", Map.of("text", another));
        assertTrue(
                failed.path("error").asText().startsWith("it failed, and the configuration before runs again"),
                failed.toString());
        Waiting.until("two connections again", SOON_SECONDS, () -> connections() == 2);
        assertEquals(tuned, done("show", Map.of()).path("text").asText());

        done("commit", Map.of("text", prepending(1)));
        Waiting.until("one connection", SOON_SECONDS, () -> connections() == 1);
        // On a busy machine the owner may have been alone meanwhile.
        Waiting.until("protected, as before", SOON_SECONDS, () -> drill.site(Site.A)
                .state()
                .equals("PROTECTED"));
    }

    private int connections() throws IOException {
        return drill.site(Site.B).status().path("wan").path("connections").asInt();
    }

    private void switchesComeChangeAndGo() throws IOException {
        int connected = switchConnected();
        String another = "switches: [{name: sw-new, datapathId: \"0x00000000000000ff\", gatewayPort: gw}, ";
        done("commit", Map.of("text", prepending(1).replace("switches: [", another)));
        assertEquals(2, drill.site(Site.B).status().path("switches").size(), "the switch that came is shown");
        done("rollback", Map.of());
        assertEquals(1, drill.site(Site.B).status().path("switches").size(), "and gone again");
        assertEquals(connected, switchConnected(), "the other switch is not touched");

        done(
                "commit",
                Map.of("text", prepending(1).replace("gatewayPort: gw}", "gatewayPort: gw, sharing: cooperative}")));
        Waiting.until(
                "the switch to come anew, with its flows", SOON_SECONDS, () -> switchConnected() == connected + 1);
        done("rollback", Map.of());
        Waiting.until("the same as before", SOON_SECONDS, () -> switchConnected() == connected + 2);
    }

    /** How often the switch has connected and was found to have its flows afterwards. */
    private int switchConnected() throws IOException {
        int connected = 0;
        boolean open = false;
        for (var entry : drill.site(Site.B).timeline(0)) {
            open |= entry.kind().equals("switch-connected");
            if (open && entry.kind().equals("flows-confirmed")) {
                open = false;
                connected++;
            }
        }
        return connected;
    }

    @Test
    void whatIsNotConfirmedIsTakenBackInTimeOrByAStart() throws IOException {
        LocalTime since = upSince();
        done("commit", Map.of("text", prepending(1), "confirmSeconds", "2"));
        Waiting.until("the new path", SOON_SECONDS, () -> prepends() == 1);
        Waiting.until("the old path", SOON_SECONDS, () -> prepends() == 3);
        Waiting.until("the old file", SOON_SECONDS, () -> Files.readString(file).equals(text));
        requireOneSessionSince(since);

        done("commit", Map.of("text", prepending(2), "confirmSeconds", "60"));
        Waiting.until("the new path", SOON_SECONDS, () -> prepends() == 2);
        drill.lab().kill("gateway:b");
        drill.lab().start("gateway:b");
        Waiting.until("the old path after the start", SOON_SECONDS, () -> prepends() == 3);
        assertEquals(text, Files.readString(file));
    }

    @Test
    void aHangUpCommitsTheFileAndABadFileChangesNothing() throws IOException {
        String pid = Long.toString(drill.lab().processes().stream()
                .filter(process -> process.name().equals("gateway-b"))
                .findFirst()
                .orElseThrow()
                .pid());
        Files.writeString(file, prepending(1));
        Commands.run("kill", "-HUP", pid);
        Waiting.until("the new path", SOON_SECONDS, () -> prepends() == 1);

        Files.writeString(file, prepending(2) + "unknown: 1\n");
        Commands.run("kill", "-HUP", pid);
        Waiting.until("the refusal with the place", SOON_SECONDS, () -> isRefusedFor("gateway-b.yaml:", " unknown: "));
        Files.writeString(file, prepending(2).replace("inside: in0", "inside: in9"));
        Commands.run("kill", "-HUP", pid);
        Waiting.until(
                "the refusal by name",
                SOON_SECONDS,
                () -> isRefusedFor("needs a restart: ~ dataPlane.inside: in0 -> in9"));
        assertEquals(1, prepends());
        assertEquals(prepending(1), done("show", Map.of()).path("text").asText());
        assertEquals("PROTECTED", drill.site(Site.A).state());
    }

    private boolean isRefusedFor(String... reasons) throws IOException {
        return drill.site(Site.B).timeline(0).stream()
                .filter(entry -> entry.kind().equals("config-refused"))
                .anyMatch(entry -> Stream.of(reasons).allMatch(entry.text()::contains));
    }
}
