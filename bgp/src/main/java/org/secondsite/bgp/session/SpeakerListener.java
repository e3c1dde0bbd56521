package org.secondsite.bgp.session;

import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.rib.ReceivedUpdate;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.BgpMessage;
import org.secondsite.bgp.wire.Nlri;

/** What a speaker tells. Called on the speaker's one thread, so in order; must not block. */
public interface SpeakerListener {
    /** The session stands. */
    default void established(InetAddress peer) {}

    /**
     * The session goes down next; the peer restarts, and its routes stay for so long (RFC 4724), or until they are told as withdrawn.
     * Never called unless a restart is helped with ({@link org.secondsite.bgp.fsm.Offer#withRestartHelp}).
     */
    default void kept(InetAddress peer, long seconds) {}

    /** The session is gone. */
    default void down(InetAddress peer, String reason) {}

    /**
     * An UPDATE was handed to the kernel.
     *
     * @param announced the routes that it announces
     * @param withdrawn the routes that it withdraws
     * @param nanoTime {@link System#nanoTime} after the write completed
     */
    default void updateSent(InetAddress peer, List<Nlri> announced, List<Nlri> withdrawn, long nanoTime) {}

    /** An UPDATE of the peer, as it was taken: what its faults and our rules left of it. */
    default void updateReceived(InetAddress peer, ReceivedUpdate update) {}

    /** A message of the peer that is no UPDATE, before anything is done about it. */
    default void messageReceived(InetAddress peer, BgpMessage message) {}

    /** A message that is no UPDATE is on its way to the peer. */
    default void messageSent(InetAddress peer, BgpMessage message) {}

    /** The peer has come near the limit of its prefixes, or is beyond it; told once a session. */
    default void prefixLimit(InetAddress peer, AddressFamily family, int count, PrefixLimit limit) {}

    /** Routes that the peer announced or withdrew; all of its routes are gone with {@link #down}, unless they are kept. */
    default void routesReceived(InetAddress peer, List<ReceivedRoute> announced, List<Nlri> withdrawn) {}

    /** A state of one of the peer's connections changed; for log, metric and timeline. */
    default void transition(InetAddress peer, SessionTransition transition) {}

    /**
     * All routes that are desired but cannot be announced to the peer: it does not take a family that was offered, or there is no
     * next hop of their IP version. Told when they are others than before.
     */
    default void unexportable(InetAddress peer, Set<Nlri> routes) {}

    /**
     * The BFD session to the peer came up or went down. When the path has failed, the BGP session ends at once after this.
     *
     * @param nanoTime {@link System#nanoTime} of the detection
     */
    default void bfd(InetAddress peer, boolean up, String reason, long nanoTime) {}
}
