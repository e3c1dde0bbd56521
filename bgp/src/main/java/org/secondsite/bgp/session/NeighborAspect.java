package org.secondsite.bgp.session;

import java.util.EnumSet;
import java.util.Set;
import java.util.function.Function;

/** Each thing that may be different of a neighbour, and what it takes to have it so while the speaker runs. */
public enum NeighborAspect {
    /** Our AS towards it. */
    LOCAL_AS(
            Effect.RESET,
            s -> s.neighbor().options().localAs().orElse(s.speaker().localAs())),
    /** Our BGP identifier. */
    ROUTER_ID(Effect.RESET, s -> s.speaker().routerId()),
    /** The AS that it must name. */
    REMOTE_AS(Effect.RESET, s -> s.neighbor().remoteAs()),
    /** The hold time, which the OPEN offers. */
    HOLD_TIME(Effect.RESET, s -> s.neighbor().holdTimeSeconds()),
    /** Capabilities, which the OPEN offers. */
    OFFER(Effect.RESET, s -> s.neighbor().options().offer()),
    /** Our end of the connection. */
    LOCAL_ADDRESS(Effect.RESET, s -> s.neighbor().localAddress()),
    /** The network interface of the connection. */
    DEVICE(Effect.RESET, s -> s.neighbor().options().device()),

    /** Where it listens. */
    PORT(Effect.NEXT_CONNECTION, s -> s.neighbor().port()),
    /** Who connects. */
    PASSIVE(Effect.NEXT_CONNECTION, s -> s.neighbor().passive()),
    /** How long attempts, pauses and silences may take. */
    TIMERS(Effect.NEXT_CONNECTION, s -> s.neighbor().options().timers()),
    /** How long a lost session stays down. */
    HOLD_DOWN(Effect.NEXT_CONNECTION, s -> s.neighbor().options().holdDown()),

    /**
     * The key of TCP-MD5. The session stands if the other end changes it too before the hold time is over; what is sent
     * meanwhile is repeated by TCP.
     */
    MD5_KEY(Effect.SOCKETS, s -> s.neighbor().md5Password()),
    /** How many hops away it may be. */
    TTL_SECURITY(Effect.SOCKETS, s -> s.neighbor().options().ttlSecurityHops()),

    /** Our address of the other IP version: routes are announced again with it. */
    OTHER_SELF(Effect.ROUTES, s -> s.neighbor().options().otherSelf()),
    /** How many routes it may announce; a session that is over a new limit of action {@code DOWN} ends by that. */
    PREFIX_LIMITS(Effect.ROUTES, s -> s.neighbor().options().prefixLimits()),
    /** What is taken of its routes, and what it is told of those of others: all of them are judged anew. */
    POLICIES(Effect.ROUTES, s -> s.neighbor().options().policies()),

    /** How BFD watches the path: that begins anew, and BGP does not take it for a failure. */
    BFD(Effect.PATH_WATCH, s -> s.neighbor().options().bfd());

    /** What it takes. */
    public enum Effect {
        /** The session ends with a Cease, Other Configuration Change (RFC 4486), and a new one begins. */
        RESET,
        /** The session stands; what is new counts when it is next connected. */
        NEXT_CONNECTION,
        /** Options of the sockets, those of a standing session too. */
        SOCKETS,
        /** Routes are told, taken or counted in another way from now on. */
        ROUTES,
        /** Another BFD session takes the place of the one before. */
        PATH_WATCH
    }

    private record Subject(SpeakerSettings speaker, NeighborSettings neighbor) {}

    private final Effect effect;

    @SuppressWarnings("ImmutableEnumChecker") // the functions hold nothing
    private final Function<Subject, Object> value;

    NeighborAspect(Effect effect, Function<Subject, Object> value) {
        this.effect = effect;
        this.value = value;
    }

    /** What it takes to change it. */
    public Effect effect() {
        return effect;
    }

    /** What is different of a neighbour. */
    static Set<NeighborAspect> differences(
            SpeakerSettings before, NeighborSettings neighbor, SpeakerSettings after, NeighborSettings changed) {
        Set<NeighborAspect> differences = EnumSet.noneOf(NeighborAspect.class);
        Subject old = new Subject(before, neighbor);
        Subject now = new Subject(after, changed);
        for (NeighborAspect aspect : values()) {
            Object was = aspect.value.apply(old);
            Object is = aspect.value.apply(now);
            // Our end may be left to the kernel, which is null.
            if (was == null ? is != null : !was.equals(is)) {
                differences.add(aspect);
            }
        }
        return differences;
    }
}
