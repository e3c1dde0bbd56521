package org.secondsite.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.session.NeighborAspect;
import org.secondsite.bgp.session.SpeakerChanges;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.config.BgpConfig;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.config.change.ChangeKind;
import org.secondsite.gateway.change.Impact;
import org.secondsite.gateway.ownership.RouteRole;
import org.secondsite.gateway.ownership.SwitchRole;
import org.secondsite.gateway.router.RouterSettings;
import org.secondsite.gateway.router.ToldApart;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.replicator.checkpoint.io.CheckpointServerSettings;
import org.secondsite.replicator.tunnel.TunnelSettings;

/** What the parts of a gateway are given before and after a change, and what of that a prediction has to name. */
final class PredictedParts {
    private static final Set<ChangeKind> OF_VMS = EnumSet.of(
            ChangeKind.VM_ADDED,
            ChangeKind.VM_REMOVED,
            ChangeKind.VM_MOVED,
            ChangeKind.VM_TICKED,
            ChangeKind.VM_UNTICKED,
            ChangeKind.VM_ALTERED);
    private static final Set<ChangeKind> OF_GROUPS =
            EnumSet.of(ChangeKind.GROUP_ADDED, ChangeKind.GROUP_REMOVED, ChangeKind.PREFIXES_ALTERED);

    /** What differs of a neighbour because it does of the speaker. */
    private static final Set<NeighborAspect> OF_SPEAKER = EnumSet.of(NeighborAspect.LOCAL_AS, NeighborAspect.ROUTER_ID);

    private static final List<RouteRole> ROLES = List.of(RouteRole.STANDBY, RouteRole.OWNER, RouteRole.PROMOTED);

    private final List<Impact> told;
    private final GatewayConfig before;
    private final GatewayConfig after;
    private final String words;

    private PredictedParts(List<Impact> told, GatewayConfig before, GatewayConfig after, String words) {
        this.told = told;
        this.before = before;
        this.after = after;
        this.words = words + ": " + told;
    }

    /** What is told is what differs for each part, no less and no more. */
    static void require(List<Impact> told, GatewayConfig before, GatewayConfig after, String words) {
        PredictedParts parts = new PredictedParts(told, before, after, words);
        parts.routes();
        parts.sessions();
        parts.switches();
        parts.flows();
        parts.members();
        parts.agents();
        parts.tuning();
        parts.peers();
    }

    private boolean has(ChangeKind... kinds) {
        return told.stream()
                .anyMatch(impact -> List.of(kinds).contains(impact.change().kind()));
    }

    private Set<String> subjects(Set<ChangeKind> kinds) {
        return told.stream()
                .filter(impact -> kinds.contains(impact.change().kind()))
                .map(impact -> impact.change().subject())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private Set<String> subjects(ChangeKind kind) {
        return subjects(EnumSet.of(kind));
    }

    private void same(Object expected, Object actual, String what) {
        assertEquals(expected, actual, words + "\n" + what);
    }

    /** The names under which two maps differ. */
    private static <K, V> Set<String> differing(Map<K, V> one, Map<K, V> other, Function<K, String> name) {
        Set<K> keys = new HashSet<>(one.keySet());
        keys.addAll(other.keySet());
        return keys.stream()
                .filter(key -> !Objects.equals(one.get(key), other.get(key)))
                .map(name)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    // ---- BGP

    private static RouteRole role(GroupId group) {
        return ROLES.get(Math.floorMod(group.name().hashCode(), ROLES.size()));
    }

    private Map<Prefix, RouteAttributes> spoken(GatewayConfig first, GatewayConfig last) {
        Map<Prefix, RouteAttributes> routes = new LinkedHashMap<>();
        Announcements announcements =
                new Announcements(first.groups(), ToldApart.of(first.bgp().orElseThrow()), (all, _) -> {
                    routes.clear();
                    routes.putAll(all);
                });
        first.groups().forEach(group -> announcements.publish(group.id(), role(group.id())));
        last.groups().forEach(group -> announcements.publish(group.id(), role(group.id())));
        announcements.alter(last.groups(), ToldApart.of(last.bgp().orElseThrow()));
        return routes;
    }

    private void routes() {
        Map<Prefix, RouteAttributes> was = spoken(before, before);
        Map<Prefix, RouteAttributes> is = spoken(before, after);
        Set<String> named = subjects(OF_GROUPS);
        // With other roles every route has other attributes.
        boolean others = !before.bgp()
                .orElseThrow()
                .roles()
                .equals(after.bgp().orElseThrow().roles());
        Set<String> differing = new TreeSet<>();
        for (GatewayConfig config : List.of(before, after)) {
            for (GatewayConfig.Group group : config.groups()) {
                group.prefixes().stream()
                        .map(prefix -> new Prefix(prefix.address(), prefix.length()))
                        .filter(prefix -> others
                                ? was.containsKey(prefix) != is.containsKey(prefix)
                                : !Objects.equals(was.get(prefix), is.get(prefix)))
                        .forEach(_ -> differing.add(group.id().name()));
            }
        }
        // Of a group that gets another site at a restart nothing else is told.
        Set<String> moved = without(subjects(ChangeKind.STANDBY_ALTERED), named);
        same(named, without(differing, moved), "groups whose routes differ");
        same(has(ChangeKind.ROUTE_ROLES_ALTERED), others, "roles of routes");
    }

    /** Neighbours that stay, and whose own way of being told roles is another. */
    private Set<String> toldOtherwise() {
        BgpConfig was = before.bgp().orElseThrow();
        BgpConfig is = after.bgp().orElseThrow();
        Set<String> differing =
                differing(ToldApart.of(was).others(), ToldApart.of(is).others(), InetAddress::getHostAddress);
        for (BgpConfig bgp : List.of(was, is)) {
            differing.retainAll(bgp.neighbors().stream()
                    .map(neighbor -> neighbor.address().getHostAddress())
                    .toList());
        }
        return differing;
    }

    private void sessions() {
        SpeakerChanges changes = SpeakerChanges.between(
                RouterSettings.of(before.bgp().orElseThrow()),
                RouterSettings.of(after.bgp().orElseThrow()),
                Set.of());
        same(
                subjects(ChangeKind.NEIGHBOR_ADDED),
                changes.added().stream()
                        .map(one -> one.address().getHostAddress())
                        .collect(Collectors.toCollection(TreeSet::new)),
                "sessions that begin");
        same(subjects(ChangeKind.NEIGHBOR_REMOVED), names(changes.removed()), "sessions that end for good");
        Set<String> altered = changes.altered().stream()
                .filter(one -> !OF_SPEAKER.containsAll(one.aspects()))
                .map(one -> one.from().address().getHostAddress())
                .collect(Collectors.toCollection(TreeSet::new));
        altered.addAll(toldOtherwise());
        same(subjects(ChangeKind.NEIGHBOR_ALTERED), altered, "neighbours of which something differs");
        Set<String> ended = names(changes.ended());
        ended.removeAll(names(changes.removed()));
        Set<String> predicted = told.stream()
                .filter(impact -> impact.words().startsWith("the session ends, and a new one begins"))
                .map(impact -> impact.change().subject())
                .collect(Collectors.toCollection(TreeSet::new));
        for (Impact impact : told) {
            if (impact.change().kind() == ChangeKind.SPEAKER_ALTERED) {
                ended.stream().filter(impact.words()::contains).forEach(predicted::add);
            }
        }
        same(predicted, ended, "sessions that begin anew");
    }

    private static Set<String> names(Iterable<InetAddress> addresses) {
        Set<String> names = new TreeSet<>();
        addresses.forEach(address -> names.add(address.getHostAddress()));
        return names;
    }

    // ---- OpenFlow

    private void switches() {
        Set<String> predicted =
                subjects(EnumSet.of(ChangeKind.SWITCH_ADDED, ChangeKind.SWITCH_REMOVED, ChangeKind.SWITCH_ALTERED));
        same(predicted, differing(switches(before), switches(after), Function.identity()), "switches");
    }

    private static Map<String, Object> switches(GatewayConfig config) {
        return SwitchPlan.settings(config.openflow().orElseThrow()).switches().stream()
                .collect(Collectors.toMap(one -> one.id().name(), one -> one));
    }

    private static Map<String, VmAttachment> programmed(GatewayConfig first, GatewayConfig last) {
        Map<String, List<VmAttachment>> bySwitch = new HashMap<>();
        SwitchPrograms programs = new SwitchPrograms(first.groups(), (sw, term, vms) -> bySwitch.put(sw.name(), vms));
        for (GatewayConfig config : List.of(first, last)) {
            config.groups()
                    .forEach(group -> programs.publish(
                            group.id(),
                            7,
                            role(group.id()) == RouteRole.STANDBY ? SwitchRole.STANDBY : SwitchRole.OWNER));
        }
        programs.alter(
                last.groups(),
                last.openflow().orElseThrow().switches().stream()
                        .map(GatewayConfig.Switch::id)
                        .collect(Collectors.toSet()));
        Map<String, VmAttachment> byVm = new HashMap<>();
        bySwitch.forEach((sw, vms) -> vms.forEach(vm -> byVm.put(vm.vm() + "@" + sw, vm)));
        return byVm;
    }

    /** Of a tick only a standby's flows tell: what it drops there, it does not drop of a VM that is nobody's. */
    private void flows() {
        Set<String> vms = differing(
                programmed(before, before), programmed(before, after), name -> name.substring(0, name.indexOf('@')));
        Set<String> ticks = subjects(EnumSet.of(ChangeKind.VM_TICKED, ChangeKind.VM_UNTICKED));
        Set<String> predicted = subjects(OF_VMS);
        same(Set.of(), without(vms, predicted), "VMs whose flows differ and that are not named");
        same(Set.of(), without(without(predicted, vms), ticks), "VMs that are named and whose flows do not differ");
    }

    private static Set<String> without(Set<String> these, Set<String> those) {
        Set<String> left = new TreeSet<>(these);
        left.removeAll(those);
        return left;
    }

    // ---- VMs and agents

    private static Map<VmId, ProtectedVm> ticked(GatewayConfig config) {
        return GatewaySettings.protectedVms(config).stream().collect(Collectors.toMap(ProtectedVm::id, vm -> vm));
    }

    private void members() {
        Map<VmId, ProtectedVm> was = ticked(before);
        Map<VmId, ProtectedVm> is = ticked(after);
        same(Set.of(), without(differing(was, is, VmId::name), subjects(OF_VMS)), "VMs held otherwise, not named");
        for (String vm : subjects(ChangeKind.VM_TICKED)) {
            same(true, is.containsKey(new VmId(vm)) && !was.containsKey(new VmId(vm)), vm + " joins");
        }
        for (String vm : subjects(ChangeKind.VM_UNTICKED)) {
            same(true, was.containsKey(new VmId(vm)) && !is.containsKey(new VmId(vm)), vm + " leaves");
        }
    }

    private void agents() {
        CheckpointServerSettings was = GatewaySettings.agents(before);
        CheckpointServerSettings is = GatewaySettings.agents(after);
        same(
                has(ChangeKind.HOSTS_ALTERED),
                !was.admission().hosts().equals(is.admission().hosts()),
                "hosts");
        boolean window = was.window() != is.window() || was.stalls() != is.stalls();
        boolean pace = !new Pace(before).equals(new Pace(after));
        same(has(ChangeKind.CHECKPOINTS_ALTERED), window || pace, "checkpoints");
    }

    private record Pace(int intervalMs, int maxIntervalMs, int overloadAfterMs) {
        private Pace(GatewayConfig config) {
            this(
                    config.checkpoint().intervalMs(),
                    config.checkpoint().maxIntervalMs(),
                    config.checkpoint().overloadAfterMs());
        }
    }

    // ---- other sites

    /** A tunnel is opened or closed, and VMs are kept from another gateway, for a peer that comes or goes and for nothing else. */
    private void peers() {
        Set<String> was = names(before);
        Set<String> is = names(after);
        same(subjects(ChangeKind.PEER_ADDED), without(is, was), "sites that come");
        same(subjects(ChangeKind.PEER_REMOVED), without(was, is), "sites that go");
        same(
                was.equals(is),
                GatewaySettings.closed(before).equals(GatewaySettings.closed(after)),
                "where no VM may go");
        Map<GroupId, Optional<SiteId>> shared = standbys(before);
        Map<GroupId, Optional<SiteId>> others = standbys(after);
        shared.keySet().retainAll(others.keySet());
        others.keySet().retainAll(shared.keySet());
        same(subjects(ChangeKind.STANDBY_ALTERED), differing(shared, others, GroupId::name), "groups of other sites");
    }

    private static Set<String> names(GatewayConfig config) {
        return config.peers().stream().map(peer -> peer.site().name()).collect(Collectors.toCollection(TreeSet::new));
    }

    private static Map<GroupId, Optional<SiteId>> standbys(GatewayConfig config) {
        Map<GroupId, Optional<SiteId>> all = new HashMap<>();
        config.groups().forEach(group -> all.put(group.id(), group.standby()));
        return all;
    }

    // ---- the rest

    private void tuning() {
        TunnelSettings was = GatewaySettings.tunnel(before, before.pairs().getFirst());
        TunnelSettings is = GatewaySettings.tunnel(after, after.pairs().getFirst());
        same(
                has(ChangeKind.TUNNEL_ALTERED),
                !was.withTiming(is.timing()).equals(is),
                "the tunnel connects anew if it is told");
        same(
                has(ChangeKind.DETECTION_ALTERED),
                before.peers().getFirst().tunnel().heartbeatMs()
                                != after.peers().getFirst().tunnel().heartbeatMs()
                        || before.peers().getFirst().tunnel().suspectAfterMs()
                                != after.peers().getFirst().tunnel().suspectAfterMs(),
                "heartbeats and suspicion");
        same(has(ChangeKind.METRICS_ALTERED), !before.metrics().equals(after.metrics()), "figures");
        same(has(ChangeKind.LOG_ALTERED), !before.management().equals(after.management()), "log");
        boolean restart = !before.dataPlane().equals(after.dataPlane())
                || !before.witness().equals(after.witness());
        same(has(ChangeKind.OTHER), restart, "what needs a restart");
    }
}
