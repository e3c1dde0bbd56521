package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What {@code config diff} tells of random pairs of valid files against what then happens, in the words of BIRD, FRR and Open vSwitch and by
 * the record of a client of a protected VM: what is told, and nothing else. {@code -Dsecondsite.pairs=N} for more pairs.
 */
@Tag("lab")
@Timeout(value = 3_600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ForetoldChangesTest {
    private static final int PAIRS = Integer.getInteger("secondsite.pairs", 8);
    private static final long SEED = Long.getLong("secondsite.seed", 18);
    private static final int MAX_CHANGES = 3;
    private static final int PATIENCE_SECONDS = 60;
    private static final List<String> RETRIED = List.of("witness", "has not said that it does not");
    /** In which what nobody has told would come. */
    private static final int QUIET_MS = 300;

    @TempDir
    private Path directory;

    private final Map<String, Integer> seen = new TreeMap<>();
    private LiveSite site;
    private LiveFile now;
    /** What was seen last. */
    private LiveState state;

    private long term;

    @Test
    void whatIsToldHappensAndNothingElse() throws Exception {
        Random random = new Random(SEED);
        now = LiveFile.first();
        try (LiveSite opened = new LiveSite(directory, now)) {
            site = opened;
            try {
                begin();
                for (int pair = 0; pair < PAIRS; pair++) {
                    commit(random, "seed " + SEED + ", pair " + pair);
                }
                sayTheSame();
                end();
            } catch (IOException | AssertionError e) {
                System.out.println(site.logs());
                throw e;
            }
        }
    }

    private void begin() throws IOException {
        Waiting.until("the VM's group to be protected", PATIENCE_SECONDS, this::isProtected);
        term = site.status().at("/groups/0/term").asLong();
        site.datagrams.begin();
        Waiting.until("an answer", PATIENCE_SECONDS, () -> site.datagrams.answered() > 0);
        state = LiveState.of(site);
        Waiting.until("routers and switches to be as the file says", PATIENCE_SECONDS, () -> {
            state = LiveState.of(site);
            return Foretold.nothing(now).holds(state, state);
        });
    }

    private boolean isProtected() throws IOException {
        JsonNode group = site.status().at("/groups/0");
        return group.path("state").asText().equals("PROTECTED")
                && group.at("/vms/0/membership").asText().equals("MEMBER");
    }

    private void commit(Random random, String words) throws IOException {
        LiveFile next = now.altered(random, 1 + random.nextInt(MAX_CHANGES));
        JsonNode told = site.config("diff", next.text());
        assertFalse(told.has("error"), () -> words + ": " + told + "\n" + next.text());
        Foretold foretold = Foretold.by(told, now, next);
        told.path("changes").forEach(change -> seen.merge(change.path("kind").asText(), 1, Integer::sum));
        if (restarts(told)) {
            JsonNode answer = site.config("commit", next.text());
            assertTrue(answer.path("error").asText().contains("needs a restart: "), words + ": " + answer);
            state = Foretold.nothing(now).await(site, state, PATIENCE_SECONDS);
            return;
        }
        Waiting.until("the commit of " + words, PATIENCE_SECONDS, () -> {
            JsonNode answer = site.config("commit", next.text());
            // It waits for nobody: where the witness or an agent is yet to answer it can be tried again.
            String refusal = answer.path("error").asText();
            if (answer.has("error") && RETRIED.stream().noneMatch(refusal::contains)) {
                throw new LabFailure(words + ": " + answer + "\n" + told);
            }
            return !answer.has("error");
        });
        now = next;
        try {
            LiveState before = state;
            state = foretold.await(site, before, PATIENCE_SECONDS);
            // Who tells nothing is found out, or the test would prove nothing.
            assertFalse(foretold.isSeen() && Foretold.nothing(next).holds(before, state), words + ": nothing is seen");
        } catch (IOException | AssertionError e) {
            throw new AssertionError(words + ": " + told.path("changes").toPrettyString(), e);
        }
        requireUntouched(words);
    }

    private static boolean restarts(JsonNode told) {
        for (JsonNode change : told.path("changes")) {
            if (change.path("needsRestart").asBoolean()) {
                return true;
            }
        }
        return false;
    }

    /** Two that say the same, one of them with every default, and one that only a restart can take. */
    private void sayTheSame() throws IOException {
        for (String text : List.of(now.text() + "# the same\n", now.textWithDefaults())) {
            assertEquals(0, site.config("diff", text).path("changes").size());
            assertFalse(site.config("commit", text).has("error"));
        }
        JsonNode refused = site.config("commit", now.thatNeedsARestart().text());
        assertTrue(refused.path("error").asText().contains("needs a restart: ~ dataPlane.poolMiB"), refused.toString());
        Waiting.pause(QUIET_MS);
        Foretold.nothing(now).require(state, LiveState.of(site));
    }

    private void requireUntouched(String words) throws IOException {
        if (site.missedTheOther()) { // the machine was too busy for heartbeats
            Waiting.until(words + ": the VM to be protected again", PATIENCE_SECONDS, this::isProtected);
        } else {
            assertTrue(isProtected(), () -> words + ": the VM is not protected any more");
            assertEquals(term, site.status().at("/groups/0/term").asLong(), words);
        }
        assertEquals(0, site.datagrams.wrong(), () -> words + ": datagrams of the VM were lost");
    }

    private void end() throws IOException {
        site.datagrams.pause();
        Waiting.until("the last answer", PATIENCE_SECONDS, () -> site.datagrams.answered() == site.datagrams.asked());
        requireUntouched("in the end");
        System.out.println(PAIRS + " pairs of files, " + seen + "; " + site.datagrams.answered()
                + " datagrams of the VM, none lost; BIRD's session is "
                + site.routers.heard(LiveFile.BIRD).since() + ", FRR's the first");
        assertTrue(Files.readString(site.file()).contains("192.0.2.2"));
    }
}
