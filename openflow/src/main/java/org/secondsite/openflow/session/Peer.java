package org.secondsite.openflow.session;

import java.util.Optional;

/**
 * The other end of a connection, before it has said anything.
 *
 * @param remote its address, for the log
 * @param certificate the common name of the certificate that it has proved to hold; empty: it has proved nothing
 * @param opener who opened the connection
 */
public record Peer(String remote, Optional<String> certificate, Opener opener) {
    /** Who opens a connection. */
    public enum Opener {
        /** The switch: it tells its controller unasked what changes. */
        SWITCH,

        /** The controller: some switches tell it nothing unasked until it says that it wants to be told. */
        CONTROLLER
    }

    /** A switch that has connected in plain text. */
    public static Peer unproved(String remote) {
        return new Peer(remote, Optional.empty(), Opener.SWITCH);
    }
}
