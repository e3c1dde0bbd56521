package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.lab.client.ClientVerdict;
import org.secondsite.lab.plan.Guest;
import org.secondsite.lab.plan.LabNumbers;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.Site;

/**
 * Sites die, there and back, under a web server whose pages come from its disk: wrk sees no error, and clients that compare every byte
 * see no page that is another.
 *
 * <p>Its name keeps it out of the usual run, since it needs wrk and takes a minute a kill: {@code ./secondsite test lab WebKillDrill}, as
 * the nightly run does. {@code -Dsecondsite.kills=N} for other than four kills.
 */
@Tag("lab")
@Timeout(value = 1_800, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WebKillDrill {
    private static final int KILLS = Integer.getInteger("secondsite.kills", 4);
    private static final int PROTECT_SECONDS = 180;
    private static final int WRK_SECONDS = 20;

    private static final String ANY_PAGE = """
            request = function()
                return wrk.format("GET", "/www/" .. math.random(0, %d) .. ".bin")
            end
            """.formatted(WebPages.NUMBER - 1);

    @Test
    void noPageIsMissingOrAnotherHoweverOftenSitesDie() throws IOException {
        Random random = new Random(KILLS);
        Path work = Files.createTempDirectory("secondsite-web");
        Path script = Files.writeString(work.resolve("any.lua"), ANY_PAGE);
        Path printed = work.resolve("wrk");
        LabOptions options = new LabOptions(TestNames.lab(), 5, LabOptions.Load.IDLE, true).withGuest(Guest.WEB);
        try {
            OneLab.run(options, "web-kill", new OutsideClient.Traffic(2, 2, 20, 1), (lab, client) -> {
                Site owner = SiteView.awaitProtected(lab, PROTECT_SECONDS);
                WebLoad load = WebLoad.start(
                        lab.clientNamespace(),
                        new InetSocketAddress(LabNumbers.VM_ADDRESS, LabNumbers.WEB_PORT),
                        2,
                        KILLS);
                for (int kill = 1; kill <= KILLS; kill++) {
                    Process wrk = wrk(lab, script, printed);
                    Waiting.pause(3_000 + random.nextInt(4_000));
                    System.out.println(SiteKill.kill(lab, owner, client));
                    int before = load.pages();
                    Waiting.until("pages after the kill", 60, () -> load.pages() > before + 10);
                    judge(wrk, printed);
                    lab.start("site:" + owner.id());
                    owner = owner.peer();
                    new SiteView(lab, owner).await("PROTECTED", PROTECT_SECONDS);
                }
                WebLoad.Result result = load.end();
                System.out.println(result);
                assertEquals(List.of(), result.complaints());
                ClientVerdict verdict = client.stop();
                System.out.println(verdict);
                assertEquals(List.of(), verdict.faults());
                DiskJudge.Finding found = DiskJudge.afterTheEnd(lab, owner, verdict.recorded());
                assertEquals(List.of(), found.complaints());
            });
        } finally {
            Commands.run("rm", "-r", work.toString());
        }
    }

    private static Process wrk(Lab lab, Path script, Path printed) throws IOException {
        return new ProcessBuilder(
                        "ip",
                        "netns",
                        "exec",
                        lab.clientNamespace(),
                        "wrk",
                        "--threads",
                        "1",
                        "--connections",
                        "4",
                        "--duration",
                        WRK_SECONDS + "s",
                        "--timeout",
                        "30s",
                        "--script",
                        script.toString(),
                        "http://" + LabNumbers.VM_ADDRESS)
                .redirectErrorStream(true)
                .redirectOutput(printed.toFile())
                .start();
    }

    private static void judge(Process wrk, Path printed) throws IOException {
        try {
            assertTrue(wrk.waitFor(2L * WRK_SECONDS, TimeUnit.SECONDS), "wrk does not end");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        } finally {
            wrk.destroyForcibly();
        }
        String said = Files.readString(printed);
        System.out.println(said);
        assertEquals(0, wrk.exitValue(), said);
        assertTrue(said.contains("Requests/sec:"), said);
        assertFalse(said.contains("Socket errors") || said.contains("Non-2xx"), said);
    }
}
