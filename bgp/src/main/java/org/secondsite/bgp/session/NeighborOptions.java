package org.secondsite.bgp.session;

import java.net.InetAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.secondsite.bgp.bfd.BfdSettings;
import org.secondsite.bgp.decision.Policies;
import org.secondsite.bgp.fsm.FsmTimers;
import org.secondsite.bgp.fsm.Offer;
import org.secondsite.bgp.wire.AddressFamily;

/**
 * What a neighbour may have beyond {@link NeighborSettings}. {@link #DEFAULT} and the methods that change it make every
 * kind.
 *
 * @param offer what our OPEN offers to it
 * @param localAs our AS towards it, where it is another than the speaker's
 * @param otherSelf our address of the IP version that the session does not run over, as next hop self of such prefixes
 * @param device the network interface that the session is bound to
 * @param prefixLimits how many routes of a family it may announce; a family that is absent has no limit
 * @param ttlSecurityHops how many hops away it may be (RFC 5082); empty: no check
 * @param bfd how fast BFD watches the path; empty: not at all
 * @param timers initial values of the machine's timers
 * @param holdDown how long a session that was lost stays down, also for the peer's attempts, so that a path that flaps does
 *     not pull traffic to and fro; zero: it comes back as soon as it can
 * @param policies what of its routes is taken for others, and what it is told of those of others
 */
public record NeighborOptions(
        Offer offer,
        OptionalLong localAs,
        Optional<InetAddress> otherSelf,
        Optional<String> device,
        Map<AddressFamily, PrefixLimit> prefixLimits,
        OptionalInt ttlSecurityHops,
        Optional<BfdSettings> bfd,
        FsmTimers timers,
        Duration holdDown,
        Policies policies) {
    private static final Duration MAX_HOLD_DOWN = Duration.ofDays(1);

    /** IPv4 and IPv6 unicast, nothing unusual. */
    public static final NeighborOptions DEFAULT = new NeighborOptions(
            Offer.DEFAULT,
            OptionalLong.empty(),
            Optional.empty(),
            Optional.empty(),
            Map.of(),
            OptionalInt.empty(),
            Optional.empty(),
            FsmTimers.DEFAULT,
            Duration.ZERO,
            Policies.NONE);

    /**
     * Checks ranges and copies the map.
     *
     * @throws IllegalArgumentException if a number is out of range
     */
    public NeighborOptions {
        prefixLimits = Map.copyOf(prefixLimits);
        if (ttlSecurityHops.isPresent() && (ttlSecurityHops.getAsInt() < 1 || ttlSecurityHops.getAsInt() > 254)) {
            throw new IllegalArgumentException("ttlSecurityHops is not within 1..254");
        }
        if (holdDown.isNegative() || holdDown.compareTo(MAX_HOLD_DOWN) > 0) {
            throw new IllegalArgumentException("holdDown is not within 0.." + MAX_HOLD_DOWN.toSeconds() + " s");
        }
    }

    /** The same with another offer. */
    public NeighborOptions withOffer(Offer changed) {
        return new NeighborOptions(
                changed, localAs, otherSelf, device, prefixLimits, ttlSecurityHops, bfd, timers, holdDown, policies);
    }

    /** The same with another AS of ours. */
    public NeighborOptions withLocalAs(long as) {
        return new NeighborOptions(
                offer,
                OptionalLong.of(as),
                otherSelf,
                device,
                prefixLimits,
                ttlSecurityHops,
                bfd,
                timers,
                holdDown,
                policies);
    }

    /** The same with other timers. */
    public NeighborOptions withTimers(FsmTimers changed) {
        return new NeighborOptions(
                offer, localAs, otherSelf, device, prefixLimits, ttlSecurityHops, bfd, changed, holdDown, policies);
    }

    /** The same with our address of the other IP version. */
    public NeighborOptions withOtherSelf(InetAddress address) {
        return new NeighborOptions(
                offer,
                localAs,
                Optional.of(address),
                device,
                prefixLimits,
                ttlSecurityHops,
                bfd,
                timers,
                holdDown,
                policies);
    }

    /** The same with the session bound to a network interface. */
    public NeighborOptions withDevice(String name) {
        return new NeighborOptions(
                offer,
                localAs,
                otherSelf,
                Optional.of(name),
                prefixLimits,
                ttlSecurityHops,
                bfd,
                timers,
                holdDown,
                policies);
    }

    /** The same with other families. */
    public NeighborOptions withFamilies(List<AddressFamily> changed) {
        return withOffer(offer.withFamilies(changed));
    }

    /** The same with limits of received routes. */
    public NeighborOptions withPrefixLimits(Map<AddressFamily, PrefixLimit> limits) {
        return new NeighborOptions(
                offer, localAs, otherSelf, device, limits, ttlSecurityHops, bfd, timers, holdDown, policies);
    }

    /** How many routes of a family are taken, where there is a limit beyond which they are not. */
    Map<AddressFamily, Integer> prefixCaps() {
        Map<AddressFamily, Integer> caps = new HashMap<>();
        prefixLimits.forEach((family, limit) -> {
            if (limit.action() == PrefixLimit.Action.DISCARD) {
                caps.put(family, limit.maximum());
            }
        });
        return caps;
    }

    /** The same with the TTL check. */
    public NeighborOptions withTtlSecurityHops(int hops) {
        return new NeighborOptions(
                offer, localAs, otherSelf, device, prefixLimits, OptionalInt.of(hops), bfd, timers, holdDown, policies);
    }

    /** The same, taking several paths to a prefix in every family. */
    public NeighborOptions withAddPathReceive() {
        return withOffer(offer.withAddPath(new HashSet<>(offer.families()), offer.addPathSend()));
    }

    /** The same, watched by BFD. */
    public NeighborOptions withBfd(BfdSettings settings) {
        return new NeighborOptions(
                offer,
                localAs,
                otherSelf,
                device,
                prefixLimits,
                ttlSecurityHops,
                Optional.of(settings),
                timers,
                holdDown,
                policies);
    }

    /** The same, staying down for so long after a session was lost. */
    public NeighborOptions withHoldDown(Duration time) {
        return new NeighborOptions(
                offer, localAs, otherSelf, device, prefixLimits, ttlSecurityHops, bfd, timers, time, policies);
    }

    /** The same with other policies. */
    public NeighborOptions withPolicies(Policies changed) {
        return new NeighborOptions(
                offer, localAs, otherSelf, device, prefixLimits, ttlSecurityHops, bfd, timers, holdDown, changed);
    }
}
