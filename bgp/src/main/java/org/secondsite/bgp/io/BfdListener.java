package org.secondsite.bgp.io;

import java.net.InetAddress;
import org.secondsite.bgp.bfd.BfdAction;

/** What BFD sessions tell. Called on the BFD thread; must not block. */
@FunctionalInterface
public interface BfdListener {
    /** The state of the session to the peer changed at the {@link System#nanoTime}. */
    void changed(InetAddress peer, BfdAction.Changed change, long nanoTime);
}
