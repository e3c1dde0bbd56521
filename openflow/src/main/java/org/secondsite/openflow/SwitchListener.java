package org.secondsite.openflow;

import java.util.List;
import java.util.Set;
import org.secondsite.config.SwitchId;

/** Told what becomes of the switches, on the controller's one thread; must not block. */
public interface SwitchListener {
    /** The switch has said hello and told its ports. Nothing was written to it yet. */
    void connected(SwitchId switchId);

    /** The session is gone; what was installed stays in the switch. The switch is expected to connect again. */
    void disconnected(SwitchId switchId, String reason);

    /**
     * Nothing gets out of the VMs that are silent by the latest {@code apply}: the switch has worked off the messages that
     * shut their gates. Told before the rest of the flows is written and read back.
     *
     * @param term the term of that {@code apply}
     * @param vms how many there are
     * @param nanoTime {@link System#nanoTime} when the answer had arrived
     */
    default void fenced(SwitchId switchId, long term, int vms, long nanoTime) {}

    /**
     * The switch was read back and has exactly the flows of the latest {@code apply}. Told again after every new connection.
     *
     * @param term the term of that {@code apply}, granted by the switch as generation
     * @param flows how many flows it has
     * @param nanoTime {@link System#nanoTime} when the last byte of the audit had arrived
     */
    void confirmed(SwitchId switchId, long term, int flows, long nanoTime);

    /**
     * The same, but for what is named: ports that do not exist or are ambiguous, VMs that there was no room for.
     *
     * @param without the names, each with its reason where it is not simply missing
     */
    void partial(SwitchId switchId, long term, int flows, Set<String> without, long nanoTime);

    /**
     * The switch does not take this term: it, or a later {@code apply}, has seen a later one. Nothing is written under this
     * term any more, on no later connection either; unless the reason begins with {@code foreign-generation}: then the number
     * in its way is none that a witness has granted, and the term is asked for again from time to time.
     */
    void refused(SwitchId switchId, long term, String reason);

    /**
     * The switch obeys somebody else, who holds the same term or a later one that a witness can have granted; told after {@link
     * #refused}. If the witness still names this site, a newer term of its brings the switch back.
     *
     * @param term the term that was refused
     */
    default void contested(SwitchId switchId, long term) {}

    /** The flows of this term are not in the switch now, for the given reason; it is tried again, and told when it works. */
    default void failed(SwitchId switchId, long term, String reason) {}

    /**
     * The switch was found to differ from what was confirmed before, and is being mended.
     *
     * @param what the difference, in words
     * @param goodNanoTime when it was last found good
     * @param byPassedPackets how many frames may have gone past the gateway, as counted by flows that others wrote or altered
     */
    default void drifted(SwitchId switchId, long term, String what, long goodNanoTime, long byPassedPackets) {}

    /** Something that an operator should know and that ends nothing: why changes are not atomic, what takes long. */
    default void noticed(SwitchId switchId, String what) {}

    /**
     * How the switch stands after what could be looked at; told when it changes.
     *
     * @param what is wrong, or could not be looked at, in words; empty when everything is as it has to be
     */
    default void preflight(SwitchId switchId, Standing standing, String what) {}

    /** Ports named in the latest {@code apply} that the switch does not have now; told when the set changes. */
    default void portsMissing(SwitchId switchId, Set<String> portNames) {}

    /** What the flows of the VMs have counted; told after each full reading. */
    default void counted(SwitchId switchId, List<VmTraffic> traffic) {}
}
