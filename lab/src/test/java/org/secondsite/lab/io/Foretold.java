package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What follows from a change by the words of {@code config diff}: what is not named there is as before. */
final class Foretold {
    private static final String ENDS = "the session ends, and a new one begins";
    private static final Pattern VM_AT_SWITCH =
            Pattern.compile("([+-]) groups\\[[^]]+]\\.vms\\[([^]]+)]\\.switch: sw-(\\d+)");
    private static final Pattern HOST = Pattern.compile("192\\.0\\.2\\.(\\d+)");

    private final LiveFile was;
    private final LiveFile is;
    /** Neighbours with a session of their own in the new file that begins with the change. */
    private final Set<Integer> begun = new TreeSet<>();

    private final Set<Integer> gone = new TreeSet<>();
    /** Neighbours that are told roles otherwise. */
    private final Set<Integer> toldOtherwise = new TreeSet<>();

    private final Set<Integer> switchesBegun = new TreeSet<>();
    private final Set<String> groups = new TreeSet<>();
    private boolean otherRoles;
    /** By switch: the VMs whose flows come or go. */
    private final Map<Integer, Set<String>> flows = new TreeMap<>();

    private Foretold(LiveFile was, LiveFile is) {
        this.was = was;
        this.is = is;
    }

    /** Nothing at all. */
    static Foretold nothing(LiveFile file) {
        return new Foretold(file, file);
    }

    /** What an answer tells. */
    static Foretold by(JsonNode told, LiveFile was, LiveFile is) {
        Foretold foretold = new Foretold(was, is);
        told.path("changes").forEach(foretold::take);
        foretold.requireRoutesNamed();
        return foretold;
    }

    private static int number(String subject) {
        Matcher host = HOST.matcher(subject);
        return host.matches() ? Integer.parseInt(host.group(1)) : Integer.parseInt(subject.replaceAll("\\D", ""));
    }

    private void take(JsonNode change) {
        String subject = change.path("subject").asText();
        String effect = change.path("effect").asText();
        switch (change.path("kind").asText()) {
            case "neighbor_added" -> begun.add(number(subject));
            case "neighbor_removed" -> gone.add(number(subject));
            case "neighbor_altered" -> {
                if (effect.startsWith(ENDS)) {
                    begun.add(number(subject));
                }
                if (change.path("differences").toString().contains("].standby")) {
                    toldOtherwise.add(number(subject));
                }
            }
            case "route_roles_altered" -> otherRoles = true;
            case "group_added", "group_removed", "prefixes_altered" -> groups.add(subject);
            case "switch_added", "switch_altered" -> switchesBegun.add(number(subject));
            case "vm_added", "vm_removed" ->
                change.path("differences").forEach(difference -> {
                    Matcher vm = VM_AT_SWITCH.matcher(difference.asText());
                    if (vm.matches()) {
                        flows.computeIfAbsent(Integer.valueOf(vm.group(3)), _ -> new TreeSet<>())
                                .add(vm.group(2));
                    }
                });
            default -> {}
        }
    }

    /** Each route that is to differ is of a group, or of roles, that are named. */
    private void requireRoutesNamed() {
        for (int neighbor : is.neighbors()) {
            if (was.neighbors().contains(neighbor) && !begun.contains(neighbor)) {
                Set<String> found = new TreeSet<>();
                differing(neighbor).forEach(prefix -> found.add(group(prefix)));
                if (!otherRoles && !toldOtherwise.contains(neighbor)) {
                    assertEquals(groups, found, "groups whose routes to " + neighbor + " differ");
                } else {
                    assertTrue(found.containsAll(groups), groups + " in " + found);
                }
            }
        }
    }

    private static String group(String prefix) {
        String third = prefix.split("\\.", -1)[2];
        return prefix.startsWith("203.") ? LiveFile.groupName(0) : "g" + third.charAt(0);
    }

    private Set<String> differing(int neighbor) {
        Map<String, String> before = was.routesTo(neighbor);
        Map<String, String> after = is.routesTo(neighbor);
        Set<String> prefixes = new TreeSet<>(before.keySet());
        prefixes.addAll(after.keySet());
        prefixes.removeIf(prefix -> String.valueOf(before.get(prefix)).equals(after.get(prefix)));
        return prefixes;
    }

    /** Whether routers or switches can tell it from nothing at all. */
    boolean isSeen() {
        return !begun.isEmpty() || !groups.isEmpty() || !switchesBegun.isEmpty();
    }

    /** Waits until everything that is told has happened; fails at once if something happens that is not. */
    LiveState await(LiveSite site, LiveState before, int limitSeconds) throws IOException {
        LiveState[] found = new LiveState[1];
        Waiting.until("what is told", limitSeconds, () -> {
            found[0] = LiveState.of(site);
            try {
                require(before, found[0]);
                return true;
            } catch (AssertionError e) {
                throw new IOException(e.getMessage(), e);
            }
        });
        return found[0];
    }

    /** Whether that is what became of one state. */
    boolean holds(LiveState before, LiveState after) {
        try {
            require(before, after);
            return true;
        } catch (AssertionError e) {
            return false;
        }
    }

    /** Fails unless that is what became of one state. */
    void require(LiveState before, LiveState after) {
        after.routers()
                .forEach((number, heard) -> router(number, before.routers().get(number), heard));
        for (int number = 1; number <= LiveFile.SWITCHES; number++) {
            aSwitch(number, before, after);
        }
    }

    private void router(int number, LiveRouters.Heard before, LiveRouters.Heard after) {
        String words = "neighbour " + number + ", " + before + ", then " + after + ": ";
        boolean has = is.neighbors().contains(number);
        assertEquals(has, after.isUp(), words + "a session");
        if (!has) {
            return;
        }
        assertEquals(
                LiveRouters.shown(number, is.routesTo(number)),
                after.routes(),
                words + "the routes that it is to have");
        if (begun.contains(number)) {
            assertTrue(!after.isSession(before), words + "a new session");
            return;
        }
        assertTrue(after.isSession(before), words + "the session that it had");
        Map<String, String> wanted = is.routesTo(number);
        long updates = differing(number).stream().filter(wanted::containsKey).count();
        long withdraws = differing(number).size() - updates;
        if (number == LiveFile.FRR) {
            assertEquals(updates + withdraws > 0, after.updates() > before.updates(), words + "messages");
        } else {
            assertEquals(updates, after.updates() - before.updates(), words + "routes that are told");
            assertEquals(withdraws, after.withdraws() - before.withdraws(), words + "routes that are withdrawn");
        }
    }

    private void aSwitch(int number, LiveState before, LiveState after) {
        LiveSwitches.Told told = after.told().get(number).since(before.told().get(number));
        NavigableSet<String> flowsBefore = before.flows().get(number);
        NavigableSet<String> flowsAfter = after.flows().get(number);
        String words = "switch " + number + ", told " + told + ": ";
        boolean has = is.switches().contains(number);
        if (!has) {
            if (!was.switches().contains(number)) {
                assertEquals(0, told.changes(), words + "changes of one that is not looked after");
                assertEquals(flowsBefore, flowsAfter, words + "flows that stay");
            }
            return;
        }
        Set<String> known = new TreeSet<>();
        is.macsAt(number).forEach((vm, mac) -> {
            if (!of(flowsAfter, mac).isEmpty()) {
                known.add(vm);
            }
        });
        assertEquals(is.macsAt(number).keySet(), known, words + "VMs that have flows");
        Set<String> named = flows.getOrDefault(number, Set.of());
        if (switchesBegun.contains(number)) {
            assertTrue(told.sessions() > 0, words + "a session that begins");
            String state = after.states().getOrDefault(number, "");
            assertTrue(
                    state.startsWith("flows-confirmed")
                            || (is.macsAt(number).isEmpty() && state.startsWith("switch-connected")),
                    words + "it has what it is to have: " + state);
        } else {
            assertEquals(0, told.sessions(), words + "sessions that begin");
            // A switch that went with a VM, and came again, has its flows still.
            boolean comeOrGo = named.stream()
                    .anyMatch(vm -> of(flowsBefore, LiveFile.mac(number(vm))).isEmpty()
                            == is.macsAt(number).containsKey(vm));
            assertTrue(told.changes() == 0 || !named.isEmpty(), words + "changes of flows");
            assertTrue(!comeOrGo || told.changes() > 0, words + "flows of " + named + " come or go");
        }
        if (named.isEmpty() && was.switches().contains(number)) {
            assertEquals(flowsBefore, flowsAfter, words + "flows that stay");
        }
        is.macsAt(number).forEach((vm, mac) -> {
            if (!named.contains(vm)
                    && was.macsAt(number).containsKey(vm)
                    && was.switches().contains(number)) {
                assertEquals(of(flowsBefore, mac), of(flowsAfter, mac), words + "flows of " + vm);
            }
        });
    }

    private static Set<String> of(Set<String> flows, String mac) {
        Set<String> its = new TreeSet<>(flows);
        its.removeIf(flow -> !flow.contains(mac));
        return its;
    }
}
