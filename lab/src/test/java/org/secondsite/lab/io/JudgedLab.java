package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.secondsite.lab.client.ClientVerdict;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.storm.Emissions;

/**
 * A lab of one test for several faults in a row, with judges from before the first to after the last: the outside client and a
 * capture of each site's uplink. The logs of one that {@link #judge} did not pass stay.
 */
final class JudgedLab extends DrillLab {
    private static final int DELAY_MS = 5;
    private static final OutsideClient.Traffic TRAFFIC = new OutsideClient.Traffic(4, 4, 20);
    private static final int SERVICE_SECONDS = 30;

    /** Linux waits for 120 s at most (TCP_RTO_MAX). */
    private static final int MAX_RETRY_SECONDS = 130;

    private final Map<Site, UplinkCapture> uplinks = new EnumMap<>(Site.class);
    private final String test;
    private boolean passed;

    private JudgedLab(Lab lab, String test, Afterwards afterwards) throws IOException {
        super(lab, TRAFFIC, afterwards);
        this.test = test;
    }

    /** Brings one up, protected. */
    static JudgedLab up(String test, UnaryOperator<LabOptions> options) throws IOException {
        Lab lab = bringUp(options.apply(usual()));
        try {
            return judged(lab, test, Afterwards.TAKE_DOWN);
        } catch (IOException | RuntimeException e) {
            Lab.down(lab.name());
            throw e;
        }
    }

    /** What a drill chooses that has no wishes. */
    static LabOptions usual() {
        return new LabOptions(TestNames.lab(), DELAY_MS, LabOptions.Load.IDLE, true);
    }

    /** Judges what happens in a lab that is up, protected, and stays up. */
    static JudgedLab in(Lab lab, String test) throws IOException {
        return judged(lab, test, Afterwards.LEAVE_UP);
    }

    private static JudgedLab judged(Lab lab, String test, Afterwards afterwards) throws IOException {
        JudgedLab judged = new JudgedLab(lab, test, afterwards);
        try {
            for (Site site : Site.PAIR) {
                judged.uplinks.put(site, new UplinkCapture(lab, site));
            }
            return judged;
        } catch (IOException | RuntimeException e) {
            judged.close();
            throw e;
        }
    }

    /** Packets of the guest that have left a site since the judges came. */
    long released(Site site) throws IOException {
        return uplinks.get(site).packets();
    }

    /** Packets of the guest that have left both sites. */
    long released() throws IOException {
        return released(Site.A) + released(Site.B);
    }

    /** Fails unless the client hears something new. */
    void requireService() throws IOException {
        requireService(SERVICE_SECONDS);
    }

    /**
     * Fails unless every connection of the client goes on. TCP tries again after a time as long as it has tried for, so that may take as long
     * again as the service was away.
     */
    void requireServiceOnEveryConnection() throws IOException {
        long now = System.nanoTime();
        Waiting.until("every connection to go on", MAX_RETRY_SECONDS, () -> client().silentSince(now) == 0);
    }

    /** Fails if a pair is not what it was: protected, and no grant has been made. */
    void requireUnchanged(Site owner, long term) throws IOException {
        assertEquals("PROTECTED", site(owner).state(), site(owner).reason());
        assertEquals(term, site(owner).term(), site(owner).reason());
        assertEquals("STANDBY", site(owner.peer()).state(), site(owner.peer()).reason());
        assertEquals(term, site(owner.peer()).term());
    }

    /**
     * Ends the client and asks the judges: every connection is alive and contiguous, and in the order of time the emitting site
     * has changed once for each takeover.
     */
    void judge(int takeovers) throws IOException {
        requireService();
        Waiting.pause(2_000); // whatever breaks late
        ClientVerdict verdict = verdict();
        assertEquals(List.of(), verdict.faults());
        assertEquals(0, verdict.silent(), "silent connections");
        Emissions emissions =
                new Emissions(uplinks.get(Site.A).times(), uplinks.get(Site.B).times());
        assertTrue(emissions.count() > 100, "the captures see what is released");
        assertEquals(takeovers, emissions.handovers(), "changes of the emitting site");
        passed = true;
    }

    @Override
    public void close() throws IOException {
        try {
            if (!passed) {
                lab().keepLogs(Path.of("target", "drill-" + test));
            }
            uplinks.values().forEach(UplinkCapture::close);
        } finally {
            super.close();
        }
    }
}
