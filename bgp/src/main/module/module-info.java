/**
 * A BGP speaker: sessions, Adj-RIB-In and Adj-RIB-Out, BFD, and ExaBGP's language.
 *
 * <p>{@code org.secondsite.bgp.io} is where a program begins.
 */
module org.secondsite.bgp {
    requires transitive io.netty.buffer;
    requires transitive io.netty.transport;
    requires io.netty.codec;
    requires io.netty.common;
    requires io.netty.transport.classes.epoll;
    requires io.netty.transport.unix.common;
    requires org.slf4j;
    // Only for SIGUSR1 in 'bgp speak', which does without where it is missing.
    requires static jdk.unsupported;

    exports org.secondsite.bgp.bfd;
    exports org.secondsite.bgp.decision;
    exports org.secondsite.bgp.exabgp;
    exports org.secondsite.bgp.fsm;
    exports org.secondsite.bgp.io;
    exports org.secondsite.bgp.mrt;
    exports org.secondsite.bgp.rib;
    exports org.secondsite.bgp.session;
    exports org.secondsite.bgp.wire;
}
