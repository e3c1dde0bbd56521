package org.secondsite.lab.io;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.secondsite.lab.plan.Site;

/**
 * Kills the site that owns the guest, every process of it by SIGKILL, waits for the takeover, and tells the time of each
 * step.
 */
public final class SiteKill {
    private static final int TAKEOVER_SECONDS = 30;
    private static final int FIRST_BYTE_SECONDS = 20;
    /** The steps that the timeline of the surviving gateway shows, by kind and what the text must contain. */
    private static final List<String[]> STEPS = List.of(
            new String[] {"suspicion", "suspicion", ""},
            new String[] {"ask", "ask", ""},
            new String[] {"grant", "transition", "PROMOTING -> PROMOTING"},
            new String[] {"BGP UPDATE sent", "bgp-update", ""},
            new String[] {"flows confirmed", "flows-confirmed", ""},
            new String[] {"VM active", "vm-active", ""});

    private SiteKill() {}

    /**
     * What a kill came to.
     *
     * @param owner the site that was killed
     * @param phasesMs milliseconds from the last sign of life that the standby had of the owner to each step; "killed" is the
     *     moment of the kill itself
     */
    public record Outcome(Site owner, Map<String, Double> phasesMs) {}

    /**
     * Kills the owner's site and waits until the guest answers from the other one. If the client hears nothing in time, that
     * step is missing from the outcome: what was lost is for the client's verdict to say.
     *
     * @throws IOException if the other site does not take over
     */
    public static Outcome kill(Lab lab, Site owner, OutsideClient client) throws IOException {
        SiteView survivor = new SiteView(lab, owner.peer());
        CoreRoute route = new CoreRoute(lab, owner.peer());
        long killedNanos = System.nanoTime();
        lab.kill("site:" + owner.id());
        survivor.await("SOLO", TAKEOVER_SECONDS);
        List<SiteView.Entry> timeline = survivor.timeline(killedNanos - TimeUnit.SECONDS.toNanos(2));
        long origin = timeline.stream()
                .filter(entry -> entry.kind().equals("last-heard"))
                .mapToLong(SiteView.Entry::nanoTime)
                .max()
                .orElse(killedNanos);
        Map<String, Double> phases = new LinkedHashMap<>();
        phases.put("killed", (killedNanos - origin) / 1e6);
        long activeNanos = killedNanos;
        for (String[] step : STEPS) {
            OptionalLong at = timeline.stream()
                    .filter(e -> e.kind().equals(step[1]) && e.text().contains(step[2]) && e.nanoTime() > killedNanos)
                    .mapToLong(SiteView.Entry::nanoTime)
                    .min();
            at.ifPresent(nanos -> phases.put(step[0], (nanos - origin) / 1e6));
            activeNanos = at.orElse(activeNanos);
        }
        OptionalLong firstByte = firstByte(client, activeNanos);
        route.end().ifPresent(nanos -> phases.put("route at the core", (nanos - origin) / 1e6));
        firstByte.ifPresent(nanos -> phases.put("first byte at the client", (nanos - origin) / 1e6));
        return new Outcome(owner, phases);
    }

    private static OptionalLong firstByte(OutsideClient client, long afterNanos) throws IOException {
        long deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(FIRST_BYTE_SECONDS);
        OptionalLong first = client.firstAfter(afterNanos);
        while (first.isEmpty() && System.nanoTime() < deadlineNanos) {
            Waiting.pause(20);
            first = client.firstAfter(afterNanos);
        }
        return first;
    }
}
