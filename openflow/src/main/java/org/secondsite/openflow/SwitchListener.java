package org.secondsite.openflow;

import java.util.Set;
import org.secondsite.config.SwitchId;

/** Told what becomes of the switches, on the controller's one thread; must not block. */
public interface SwitchListener {
    /** The switch has said hello and told its ports. Nothing was written to it yet. */
    void connected(SwitchId switchId);

    /** The session is gone; what was installed stays in the switch. The switch is expected to connect again. */
    void disconnected(SwitchId switchId, String reason);

    /**
     * The switch was read back after the last write and has exactly the flows of the latest {@code apply}; those of ports
     * that do not exist come, with another confirmation, when the ports do. Told again after every new connection.
     *
     * @param term the term of that {@code apply}, granted by the switch as generation
     * @param flows how many flows it has
     * @param nanoTime {@link System#nanoTime} when the last byte of the audit had arrived
     */
    void confirmed(SwitchId switchId, long term, int flows, long nanoTime);

    /**
     * This term is over for the switch: it, or a later {@code apply}, has seen a later one. Nothing is written under this
     * term any more, on no later connection either.
     */
    void refused(SwitchId switchId, long term, String reason);

    /** The flows of this term are not in the switch now, for the given reason; it is tried again, and told when it works. */
    default void failed(SwitchId switchId, long term, String reason) {}

    /** Ports named in the latest {@code apply} that the switch does not have now; told when the set changes. */
    default void portsMissing(SwitchId switchId, Set<String> portNames) {}
}
