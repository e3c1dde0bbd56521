package org.secondsite.config.change;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.secondsite.config.GatewayConfig;

/**
 * What differs between two configurations. Neighbours, switches, groups and VMs are known by their names: their order says
 * nothing, and neither does a default that is written out.
 */
public final class ConfigDiff {
    private static final Pattern CHECKPOINTS =
            Pattern.compile("checkpoint\\.(intervalMs|maxIntervalMs|maxEpochsInFlight|overload|overloadAfterMs)");
    private static final Pattern HOSTS = Pattern.compile("checkpoint\\.hosts.*");
    private static final String TUNNEL = "(peers\\[[^\\]]+\\]\\.)?tunnel\\.";
    private static final Pattern DETECTION = Pattern.compile(TUNNEL + "(heartbeatMs|suspectAfterMs)");
    private static final Pattern TUNING = Pattern.compile(TUNNEL + "(maxInFlightMiB|connections|congestion)");
    private static final Pattern PEER = Pattern.compile("peers\\[([^\\]]+)\\]\\..*");
    private static final Pattern METRICS = Pattern.compile("metrics\\..*");
    private static final Pattern LOG = Pattern.compile("management\\.(logLevel|debug)");
    private static final Pattern SPEAKER = Pattern.compile("bgp\\.(localAs|routerId|listenPort|listen)");
    private static final String SPEAKS = "bgp.localAs";
    private static final String INSTALLS = "bgp.installs";
    private static final Pattern ROLES = Pattern.compile("bgp\\.(standbyPrepend|standbyMed|communities\\..*)");

    private final Map<String, Leaves.Leaf> before;
    private final Map<String, Leaves.Leaf> after;
    private final Set<Subject> subjectsBefore;
    private final Set<Subject> subjectsAfter;

    /** What a path belongs to: something that has a name, or a setting. */
    private record Subject(Section section, String name) {}

    /** Where things that have names stand; the last group of each pattern is the name. */
    private enum Section {
        PEER(ConfigDiff.PEER.pattern()),
        NEIGHBOR("bgp\\.(?:neighbors|interfaces)\\[([^\\]]+)\\]\\..*"),
        SWITCH("openflow\\.switches\\[([^\\]]+)\\]\\..*"),
        // A VM is the same one in whatever group it is.
        VM("groups\\[[^\\]]+\\]\\.vms\\[([^\\]]+)\\]\\..*"),
        GROUP("groups\\[([^\\]]+)\\]\\..*"),
        SETTING("(.*)");

        private final Pattern pattern;

        Section(String pattern) {
            this.pattern = Pattern.compile(pattern);
        }
    }

    private ConfigDiff(GatewayConfig before, GatewayConfig after) {
        Leaves.Form form = Leaves.Form.of(before, after);
        this.before = Leaves.of(before, form);
        this.after = Leaves.of(after, form);
        subjectsBefore = subjects(this.before);
        subjectsAfter = subjects(this.after);
    }

    /** Every change from one to the other; equal ones have none. */
    public static List<Change> of(GatewayConfig before, GatewayConfig after) {
        return new ConfigDiff(before, after).changes();
    }

    private List<Change> changes() {
        Set<String> paths = new LinkedHashSet<>(before.keySet());
        paths.addAll(after.keySet());
        Map<Subject, List<Difference>> bySubject = new LinkedHashMap<>();
        for (String path : paths) {
            Leaves.Leaf was = before.get(path);
            Leaves.Leaf is = after.get(path);
            if (was == null || is == null || !Objects.equals(was.value(), is.value())) {
                bySubject
                        .computeIfAbsent(subject(path), _ -> new ArrayList<>())
                        .add(new Difference(path, text(was), text(is)));
            }
        }
        List<Change> changes = new ArrayList<>();
        bySubject.forEach((subject, differences) ->
                changes.add(new Change(kind(subject, differences), subject.name(), differences)));
        return changes;
    }

    private static Optional<String> text(Leaves.Leaf leaf) {
        return Optional.ofNullable(leaf).map(Leaves.Leaf::text);
    }

    private Set<Subject> subjects(Map<String, Leaves.Leaf> leaves) {
        Set<Subject> subjects = new LinkedHashSet<>();
        leaves.keySet().forEach(path -> subjects.add(subject(path)));
        return subjects;
    }

    private Subject subject(String path) {
        Matcher peer = PEER.matcher(path);
        if (peer.matches() && Stream.of(before, after).allMatch(all -> hasPeer(all, peer.group(1)))) {
            // Of one that stays each setting is a change of its own, as in the short form.
            return new Subject(Section.SETTING, path);
        }
        for (Section section : Section.values()) {
            Matcher matcher = section.pattern.matcher(path);
            if (matcher.matches()) {
                return new Subject(section, matcher.group(1));
            }
        }
        throw new IllegalArgumentException(path);
    }

    private static boolean hasPeer(Map<String, Leaves.Leaf> leaves, String site) {
        return leaves.containsKey("peers[" + site + "].site");
    }

    private ChangeKind kind(Subject subject, List<Difference> differences) {
        boolean was = subjectsBefore.contains(subject);
        boolean is = subjectsAfter.contains(subject);
        return switch (subject.section()) {
            case PEER -> is ? ChangeKind.PEER_ADDED : ChangeKind.PEER_REMOVED;
            case NEIGHBOR ->
                one(was, is, ChangeKind.NEIGHBOR_ADDED, ChangeKind.NEIGHBOR_REMOVED, ChangeKind.NEIGHBOR_ALTERED);
            case SWITCH -> one(was, is, ChangeKind.SWITCH_ADDED, ChangeKind.SWITCH_REMOVED, ChangeKind.SWITCH_ALTERED);
            case GROUP -> one(was, is, ChangeKind.GROUP_ADDED, ChangeKind.GROUP_REMOVED, ofGroup(differences));
            case VM -> one(was, is, ChangeKind.VM_ADDED, ChangeKind.VM_REMOVED, ofVm(differences));
            case SETTING ->
                SPEAKER.matcher(subject.name()).matches() && before.containsKey(SPEAKS) && after.containsKey(SPEAKS)
                        ? ChangeKind.SPEAKER_ALTERED
                        : ofSetting(subject.name());
        };
    }

    private static ChangeKind one(boolean was, boolean is, ChangeKind added, ChangeKind removed, ChangeKind altered) {
        if (!was) {
            return added;
        }
        return is ? altered : removed;
    }

    private static ChangeKind ofGroup(List<Difference> differences) {
        return differences.stream().anyMatch(difference -> difference.path().endsWith("].standby"))
                ? ChangeKind.STANDBY_ALTERED
                : ChangeKind.PREFIXES_ALTERED;
    }

    private static ChangeKind ofVm(List<Difference> differences) {
        for (Difference difference : differences) {
            if (difference.path().endsWith("].name")) {
                return ChangeKind.VM_MOVED;
            } else if (difference.path().endsWith("].protected")) {
                return difference.after().equals(Optional.of("true")) ? ChangeKind.VM_TICKED : ChangeKind.VM_UNTICKED;
            }
        }
        return ChangeKind.VM_ALTERED;
    }

    private static ChangeKind ofSetting(String path) {
        if (CHECKPOINTS.matcher(path).matches()) {
            return ChangeKind.CHECKPOINTS_ALTERED;
        } else if (HOSTS.matcher(path).matches()) {
            return ChangeKind.HOSTS_ALTERED;
        } else if (DETECTION.matcher(path).matches()) {
            return ChangeKind.DETECTION_ALTERED;
        } else if (TUNING.matcher(path).matches()) {
            return ChangeKind.TUNNEL_ALTERED;
        } else if (METRICS.matcher(path).matches()) {
            return ChangeKind.METRICS_ALTERED;
        } else if (LOG.matcher(path).matches()) {
            return ChangeKind.LOG_ALTERED;
        } else if (ROLES.matcher(path).matches()) {
            return ChangeKind.ROUTE_ROLES_ALTERED;
        } else if (path.equals(INSTALLS)) {
            return ChangeKind.INSTALLS_ALTERED;
        }
        return ChangeKind.OTHER;
    }
}
