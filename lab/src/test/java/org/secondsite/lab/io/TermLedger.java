package org.secondsite.lab.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.secondsite.lab.plan.Site;

/** Under which term each site of a lab has said that it owns the group, asked for all the time: never both under one (NoTermTwice). */
final class TermLedger implements AutoCloseable {
    private static final Set<String> OWNS = Set.of("SOLO", "SYNCING", "PROTECTED", "PROMOTING");
    private static final int EVERY_MS = 50;

    private final Map<Long, Site> owners = new HashMap<>();
    private final List<String> faults = new ArrayList<>();
    private volatile boolean closed;

    TermLedger(Lab lab) {
        for (Site site : Site.PAIR) {
            Thread.ofPlatform().daemon().name("terms-of-" + site.id()).start(() -> ask(lab, site));
        }
    }

    private void ask(Lab lab, Site site) {
        SiteView view = new SiteView(lab, site);
        try {
            while (!closed) {
                look(view, site);
                Waiting.pause(EVERY_MS);
            }
        } catch (InterruptedIOException e) {
            // the test is over
            closed = true;
        }
    }

    private void look(SiteView view, Site site) {
        try {
            JsonNode group = view.group();
            if (OWNS.contains(group.path("state").asText())) {
                note(group.path("term").asLong(), site);
            }
        } catch (IOException silent) {
            // a gateway that is not there owns nothing
        }
    }

    private synchronized void note(long term, Site site) {
        Site before = owners.putIfAbsent(term, site);
        if (before != null && before != site) {
            faults.add("term " + term + " at " + before.id() + " and at " + site.id());
        }
    }

    /** Terms that were in force at both sites; none if all is well. */
    synchronized List<String> faults() {
        return List.copyOf(faults);
    }

    /** How many terms were seen in force. */
    synchronized int terms() {
        return owners.size();
    }

    @Override
    public void close() {
        closed = true;
    }
}
