package org.secondsite.witness;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;

/**
 * The records of all groups, and the one place that decides how they change.
 *
 * <p><b>Terms.</b> All groups draw from one counter, so a term names one grant of one group for ever (safety rule
 * OneOwnerPerTerm). The counter is not stored: it is the largest term in the book, because the largest term is always
 * the current one of the group that drew it, and a group's record is never forgotten, also when the group leaves the
 * configuration.
 *
 * <p><b>A memory that was lost</b> (safety rule NoTermTwice). A book that was restored from a copy may lack grants, and must not make
 * them again. It is told so by {@link #restoredFrom} and changes nothing until an operator recovers it. A term has two parts:
 *
 * <pre>
 *   +-----------------+-------------------------+
 *   | generation: 31  | number: 32              |
 *   +-----------------+-------------------------+
 * </pre>
 *
 * A recovery begins a new generation, above every term that the book knows or was told of, and one that a clock has not given before, so that no
 * term of it was ever granted, not even by a recovery that the copy knows nothing of.
 * What a record of an earlier generation says may have been overtaken by a grant that was forgotten: it changes by a recovery only.
 *
 * <p><b>Durable before answered.</b> {@link #decide} changes nothing. The caller makes a {@link Decision.Grant} durable,
 * hands the proof to {@link #apply} and only then gets the answer. Between the two no other request is decided; a grant
 * that was overtaken is recognised by {@code apply} and is a fault of the caller.
 *
 * <p><b>What it does not know.</b> Time, who is alive, who is connected: see {@link GrantPolicy}. No rule of safety
 * depends on those.
 *
 * <p>Not thread-safe: one writer.
 */
public final class RecordBook {
    /** What the reason of a forced change begins with. */
    public static final String FORCED = "FORCED: ";

    /** What the reason of a record begins with that an operator gave after a loss of memory. */
    public static final String RECOVERED = "RECOVERED: ";

    private final Map<GroupId, LogEntry> entries = new TreeMap<>();
    private long lastTerm;
    private long doubtedGeneration = -1;

    /** An empty book: the next term is 1. */
    public RecordBook() {}

    /** Decides a request that is never repeated, see {@link #decide(Request, RequestId)}. */
    public Decision decide(Request request) {
        return decide(request, RequestId.NONE);
    }

    /**
     * Decides a request. Changes nothing.
     *
     * @param id kept with the record, for {@link #grantedBefore}
     * @throws IllegalArgumentException if the group was never enrolled, or is to be enrolled with other sites than before:
     *     the configuration is wrong, and nothing is to be asked of it
     */
    public Decision decide(Request request, RequestId id) {
        return switch (request) {
            case Request.Enroll enroll -> decideEnroll(enroll);
            case Request.Change change -> decideChange(change, id, known(change.group()));
            case Request.Force force -> decideForce(force, id, known(force.group()));
            case Request.Recover recover -> decideRecover(recover, id);
        };
    }

    /** This book was restored from a copy and may lack grants: nothing changes but by a recovery. */
    public void restoredFrom(long lastTermOfCopy) {
        doubtedGeneration = OwnershipRecord.generation(lastTermOfCopy);
    }

    /** Whether it was restored and has not been recovered since. */
    public boolean inDoubt() {
        return OwnershipRecord.generation(lastTerm) == doubtedGeneration;
    }

    /** Whether what the record says may have been overtaken by a grant that was forgotten. */
    public boolean inDoubt(OwnershipRecord record) {
        return inDoubt() || OwnershipRecord.generation(record.term()) < OwnershipRecord.generation(lastTerm);
    }

    /**
     * The answer to a repeated request: the record in force, if it was this very request that made it so. To be asked
     * before {@link #decide}, which would refuse the repetition because its own grant has changed the term.
     *
     * <p>One request per group is all there is to remember: a repetition whose grant was followed by another fails on its
     * term, and the record that it is told settles the matter for its asker.
     */
    public Optional<Answer.Granted> grantedBefore(Request request, RequestId id) {
        LogEntry present = entries.get(request.group());
        return !id.equals(RequestId.NONE)
                        && present != null
                        && present.request().equals(id)
                ? Optional.of(new Answer.Granted(present.record()))
                : Optional.empty();
    }

    /**
     * Follows what has become durable.
     *
     * @throws IllegalArgumentException if it does not continue this book
     */
    public void apply(Durable durable) {
        LogEntry entry = durable.entry();
        OwnershipRecord record = entry.record();
        LogEntry before = entries.get(record.group());
        long termBefore = before == null ? 0 : before.record().term();
        if (record.term() <= lastTerm || record.previousTerm() != termBefore) {
            throw new IllegalArgumentException("record [" + record + " after " + record.previousTerm()
                    + "] does not continue a book at term " + lastTerm + " with the group at " + termBefore);
        }
        entries.put(record.group(), entry);
        lastTerm = record.term();
    }

    /**
     * Takes over the last entry of a group from a compacted log, where its predecessors are gone.
     *
     * @throws IllegalArgumentException if its term does not grow
     */
    public void restore(Durable durable) {
        OwnershipRecord record = durable.entry().record();
        if (record.term() <= lastTerm) {
            throw new IllegalArgumentException("term of [" + record + "] is not above " + lastTerm);
        }
        entries.put(record.group(), durable.entry());
        lastTerm = record.term();
    }

    /** The record of a group, if it was ever enrolled. */
    public Optional<OwnershipRecord> record(GroupId group) {
        return Optional.ofNullable(entries.get(group)).map(LogEntry::record);
    }

    /** The last entry of every group, by term: all that a compacted log must hold. */
    public List<LogEntry> entriesByTerm() {
        List<LogEntry> all = new ArrayList<>(entries.values());
        all.sort(Comparator.comparingLong(entry -> entry.record().term()));
        return all;
    }

    /** The largest term ever granted; 0 if none. */
    public long lastTerm() {
        return lastTerm;
    }

    private LogEntry known(GroupId group) {
        LogEntry entry = entries.get(group);
        if (entry == null) {
            throw new IllegalArgumentException("group " + group + " was never enrolled");
        }
        return entry;
    }

    private Decision decideEnroll(Request.Enroll enroll) {
        GroupSettings settings = enroll.settings();
        LogEntry present = entries.get(settings.group());
        if (present != null && !present.sites().equals(settings.sites())) {
            throw new IllegalArgumentException("group " + settings.group() + " is remembered with the sites "
                    + words(present.sites()) + ", the configuration says " + words(settings.sites()));
        }
        if (present != null) {
            return refusal(present, "group " + settings.group() + " has a record already");
        }
        if (inDoubt()) {
            throw new IllegalArgumentException("group " + settings.group()
                    + " is not known, and this witness was restored from a copy: an operator must recover it");
        }
        SiteId owner = settings.initialOwner();
        OwnershipRecord first = new OwnershipRecord(settings.group(), lastTerm + 1, 0, owner, Set.of(owner));
        return new Decision.Grant(new LogEntry(first, settings.siteA(), settings.siteB(), owner, enroll.reason()));
    }

    private Decision decideChange(Request.Change change, RequestId id, LogEntry present) {
        Optional<String> doubt = doubt(present).or(() -> forgotten(change.expectedTerm()));
        if (doubt.isPresent()) {
            return new Decision.Doubt(doubt.get());
        }
        Optional<String> unfit = misfit(change, present).or(() -> wrongTerm(change.expectedTerm(), present));
        if (unfit.isPresent()) {
            return refusal(present, unfit.get());
        }
        ChangeRule rule = ChangeRule.of(present.record(), change);
        if (!rule.granted()) {
            return refusal(present, rule.words());
        }
        LogEntry next = next(present, change.owner(), change.inSync());
        return new Decision.Grant(next.granted(change.asker(), change.reason(), id));
    }

    private Decision decideForce(Request.Force force, RequestId id, LogEntry present) {
        if (!present.sites().contains(force.owner())) {
            return refusal(present, stranger(force.owner(), present));
        }
        if (force.reason().isBlank()) {
            return refusal(present, "a forced change needs a written reason");
        }
        Optional<String> wrongTerm = doubt(present)
                .or(() -> forgotten(force.expectedTerm()))
                .or(() -> wrongTerm(force.expectedTerm(), present));
        if (wrongTerm.isPresent()) {
            return refusal(present, wrongTerm.get());
        }
        LogEntry next = next(present, force.owner(), Set.of(force.owner()));
        return new Decision.Grant(next.granted(force.asker(), FORCED + force.reason(), id));
    }

    private Decision decideRecover(Request.Recover recover, RequestId id) {
        GroupSettings settings = recover.settings();
        LogEntry present = entries.get(settings.group());
        if (!settings.sites().contains(recover.owner())
                || (present != null && !present.sites().equals(settings.sites()))) {
            throw new IllegalArgumentException("site " + recover.owner() + " or the group's sites "
                    + words(settings.sites()) + " do not fit what is remembered");
        }
        boolean jump = inDoubt() || recover.above() > lastTerm;
        if (present != null && recover.reason().isBlank()) {
            return refusal(present, "a recovery needs a written reason");
        }
        if (present != null && !jump && !inDoubt(present.record())) {
            return refusal(present, "nothing is in doubt: a record changes by request or force");
        }
        long generation =
                Math.max(OwnershipRecord.generation(Math.max(lastTerm, recover.above())) + 1, recover.drawn());
        long term = jump ? OwnershipRecord.firstTerm(generation) : lastTerm + 1;
        long before = present == null ? 0 : present.record().term();
        OwnershipRecord next =
                new OwnershipRecord(settings.group(), term, before, recover.owner(), Set.of(recover.owner()));
        return new Decision.Grant(new LogEntry(
                next, settings.siteA(), settings.siteB(), recover.asker(), RECOVERED + recover.reason(), id));
    }

    private Optional<String> doubt(LogEntry present) {
        return inDoubt(present.record())
                ? Optional.of("the record is of before a loss of memory: an operator must recover it"
                        + " ('secondsite witness recover')")
                : Optional.empty();
    }

    private Optional<String> misfit(Request.Change change, LogEntry present) {
        Set<SiteId> sites = present.sites();
        for (SiteId named : List.of(change.asker(), change.owner())) {
            if (!sites.contains(named)) {
                return Optional.of(stranger(named, present));
            }
        }
        if (!change.inSync().equals(Set.of(change.owner())) && !change.inSync().equals(sites)) {
            return Optional.of("in sync can be the owner " + change.owner() + " alone or both sites, not "
                    + words(change.inSync()));
        }
        return Optional.empty();
    }

    /** Who asks on a term that was never granted here has been told of a grant that is forgotten. */
    private Optional<String> forgotten(long expectedTerm) {
        return expectedTerm > lastTerm
                ? Optional.of("term " + expectedTerm + " was never granted by this witness, the last is " + lastTerm
                        + ": has it lost its memory?")
                : Optional.empty();
    }

    private static Optional<String> wrongTerm(long expectedTerm, LogEntry present) {
        long term = present.record().term();
        return expectedTerm == term ? Optional.empty() : Optional.of("the term is " + term + ", not " + expectedTerm);
    }

    private LogEntry next(LogEntry present, SiteId owner, Set<SiteId> inSync) {
        OwnershipRecord old = present.record();
        OwnershipRecord next = new OwnershipRecord(old.group(), lastTerm + 1, old.term(), owner, inSync);
        return new LogEntry(next, present.siteA(), present.siteB(), present.asker(), present.reason());
    }

    private static Decision refusal(LogEntry present, String reason) {
        return new Decision.Refusal(new Answer.Refused(present.record(), reason));
    }

    private static String stranger(SiteId site, LogEntry present) {
        return "site " + site + " is none of the group's sites " + words(present.sites());
    }

    private static String words(Set<SiteId> sites) {
        return new TreeSet<>(sites).toString();
    }
}
