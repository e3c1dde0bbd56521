package org.secondsite.lab.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.secondsite.gateway.management.ManagementClient;
import org.secondsite.lab.plan.LabNumbers;
import org.secondsite.lab.plan.Site;

/** What a site's gateway says of itself, by its management socket. */
public final class SiteView {
    private final Lab lab;
    private final Site site;
    private final String name;

    /**
     * One entry of a timeline.
     *
     * @param nanoTime CLOCK_MONOTONIC
     */
    public record Entry(long nanoTime, String subject, String kind, String text) {}

    /** The view of a site of a lab that is up, and of the protection group that every lab has. */
    public SiteView(Lab lab, Site site) {
        this(lab, site, LabNumbers.GROUP);
    }

    /** The view of a site, and of one protection group. */
    public SiteView(Lab lab, Site site, String group) {
        this.lab = lab;
        this.site = site;
        name = group;
    }

    /** The whole status. */
    public JsonNode status() throws IOException {
        return ManagementClient.ask(lab.paths().management(site), "status");
    }

    /** The state of the protection group, such as {@code PROTECTED}. */
    public String state() throws IOException {
        return group().path("state").asText();
    }

    /** Why it is in that state, in words. */
    public String reason() throws IOException {
        return group().path("reason").asText();
    }

    /** The term that the gateway knows. */
    public long term() throws IOException {
        return group().path("term").asLong();
    }

    /** The protection group; a missing node if the gateway has none of that name. */
    public JsonNode group() throws IOException {
        for (JsonNode group : status().path("groups")) {
            if (group.path("name").asText().equals(name)) {
                return group;
            }
        }
        return MissingNode.getInstance();
    }

    /** Its first VM. */
    public JsonNode vm() throws IOException {
        return group().path("vms").path(0);
    }

    /**
     * Has this site give the protection group to the other, as {@code secondsite switchover} does.
     *
     * @return the answer, with {@code tookMs}
     * @throws IOException if it is refused or abandoned; says why
     */
    public JsonNode switchOver(String reason) throws IOException {
        JsonNode answer = ManagementClient.ask(
                lab.paths().management(site), "switchover", Map.of("group", name, "reason", reason));
        if (answer.has("error")) {
            throw new IOException(answer.path("error").asText());
        }
        return answer;
    }

    /** What happened at this gateway since a time, in the order in which it was noted. */
    public List<Entry> timeline(long sinceNanos) throws IOException {
        List<Entry> entries = new ArrayList<>();
        for (JsonNode entry :
                ManagementClient.ask(lab.paths().management(site), "timeline").path("entries")) {
            if (entry.path("nanoTime").asLong() >= sinceNanos) {
                entries.add(new Entry(
                        entry.path("nanoTime").asLong(),
                        entry.path("subject").asText(),
                        entry.path("kind").asText(),
                        entry.path("text").asText()));
            }
        }
        return entries;
    }

    /**
     * Waits for a state of the group.
     *
     * @throws IOException if it does not come about in time; says what the state is instead
     */
    public void await(String state, int limitSeconds) throws IOException {
        try {
            Waiting.until(
                    name + " at site " + site.id() + " to be " + state, limitSeconds, () -> state().equals(state));
        } catch (IOException e) {
            throw new IOException(e.getMessage() + "; it is " + describe(), e);
        }
    }

    /**
     * Waits for a site that is PROTECTED, whichever it is.
     *
     * @throws IOException if neither becomes it in time
     */
    public static Site awaitProtected(Lab lab, int limitSeconds) throws IOException {
        Site[] found = new Site[1];
        Waiting.until("a site to be PROTECTED", limitSeconds, () -> {
            for (Site site : Site.PAIR) {
                if (new SiteView(lab, site).isProtected()) {
                    found[0] = site;
                }
            }
            return found[0] != null;
        });
        return found[0];
    }

    private boolean isProtected() {
        try {
            return state().equals("PROTECTED");
        } catch (IOException silent) {
            return false;
        }
    }

    private String describe() {
        try {
            JsonNode group = group();
            return group.path("state").asText() + " in term "
                    + group.path("term").asLong() + ": " + group.path("reason").asText();
        } catch (IOException e) {
            return "silent (" + e.getMessage() + ")";
        }
    }
}
