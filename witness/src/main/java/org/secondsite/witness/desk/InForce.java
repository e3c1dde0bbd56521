package org.secondsite.witness.desk;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.LogEntry;

/** The newest record of each group that the store has said is in force. */
final class InForce {
    private final Map<GroupId, LogEntry> newest = new TreeMap<>();

    /** Whether it is newer than what was known of its group. */
    boolean learn(LogEntry entry) {
        LogEntry known = newest.get(entry.record().group());
        boolean newer = known == null || known.record().term() < entry.record().term();
        if (newer) {
            newest.put(entry.record().group(), entry);
        }
        return newer;
    }

    /** The record of a group; null if there is none. */
    OwnershipRecord record(GroupId group) {
        LogEntry known = newest.get(group);
        return known == null ? null : known.record();
    }

    /** Whether the site owns a group, or is in sync with its owner. */
    boolean isInSync(SiteId site) {
        return newest.values().stream()
                .anyMatch(entry -> entry.record().inSync().contains(site));
    }

    /** All of them, in the order of their terms. */
    List<LogEntry> byTerm() {
        return newest.values().stream()
                .sorted(Comparator.comparingLong(entry -> entry.record().term()))
                .toList();
    }
}
