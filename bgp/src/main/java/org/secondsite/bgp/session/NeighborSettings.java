package org.secondsite.bgp.session;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.secondsite.bgp.fsm.FsmSettings;

/**
 * One neighbour.
 *
 * @param address where it is; no two neighbours share an address
 * @param port the TCP port that it listens on, 179 as a rule
 * @param localAddress our end, or null to let the kernel choose
 * @param remoteAs the AS that it must name
 * @param holdTimeSeconds what we offer: 0 or 3 to 65535
 * @param passive whether we wait for it to connect
 * @param md5Password shared secret of RFC 2385, 1 to 80 octets of UTF-8
 * @param options all that has a sensible default
 */
public record NeighborSettings(
        InetAddress address,
        int port,
        InetAddress localAddress,
        long remoteAs,
        int holdTimeSeconds,
        boolean passive,
        Optional<String> md5Password,
        NeighborOptions options) {
    private static final int MD5_MAXIMUM_OCTETS = 80;

    /**
     * Checks ranges.
     *
     * @throws IllegalArgumentException if a number is out of range, the password is empty or too long, or the two
     *     addresses are of different IP versions
     */
    public NeighborSettings {
        if (port < 1 || port > 0xffff) {
            throw new IllegalArgumentException("port " + port + " is not within 1..65535");
        }
        if (holdTimeSeconds < 0 || holdTimeSeconds > 0xffff || holdTimeSeconds == 1 || holdTimeSeconds == 2) {
            // RFC 4271 §4.2
            throw new IllegalArgumentException("a hold time is 0 or within 3..65535 s, not " + holdTimeSeconds);
        }
        if (localAddress != null && localAddress.getClass() != address.getClass()) {
            throw new IllegalArgumentException("address and localAddress are of different IP versions");
        }
        md5Password.ifPresent(password -> {
            int octets = password.getBytes(StandardCharsets.UTF_8).length;
            if (octets == 0 || octets > MD5_MAXIMUM_OCTETS) {
                throw new IllegalArgumentException("an MD5 password has 1 to " + MD5_MAXIMUM_OCTETS + " octets");
            }
        });
    }

    private static final int BGP_PORT = 179;
    private static final int USUAL_HOLD_TIME_SECONDS = 90;

    /** A neighbour on port 179 with a hold time of 90 s, that we connect to; the methods below change that. */
    public static NeighborSettings of(InetAddress address, long remoteAs) {
        return new NeighborSettings(
                address, BGP_PORT, null, remoteAs, USUAL_HOLD_TIME_SECONDS, false, Optional.empty());
    }

    /** The same elsewhere. */
    public NeighborSettings withAddress(InetAddress changed) {
        return new NeighborSettings(
                changed, port, localAddress, remoteAs, holdTimeSeconds, passive, md5Password, options);
    }

    /** The same on another port. */
    public NeighborSettings withPort(int changed) {
        return new NeighborSettings(
                address, changed, localAddress, remoteAs, holdTimeSeconds, passive, md5Password, options);
    }

    /** The same, from this address of ours. */
    public NeighborSettings withLocalAddress(InetAddress changed) {
        return new NeighborSettings(address, port, changed, remoteAs, holdTimeSeconds, passive, md5Password, options);
    }

    /** The same of this AS. */
    public NeighborSettings withRemoteAs(long changed) {
        return new NeighborSettings(
                address, port, localAddress, changed, holdTimeSeconds, passive, md5Password, options);
    }

    /** The same with another hold time; 0: without keepalives. */
    public NeighborSettings withHoldTimeSeconds(int changed) {
        return new NeighborSettings(address, port, localAddress, remoteAs, changed, passive, md5Password, options);
    }

    /** The same, waited for. */
    public NeighborSettings withPassive(boolean changed) {
        return new NeighborSettings(
                address, port, localAddress, remoteAs, holdTimeSeconds, changed, md5Password, options);
    }

    /** The same with the key of TCP-MD5 (RFC 2385). */
    public NeighborSettings withMd5Password(String key) {
        return new NeighborSettings(
                address, port, localAddress, remoteAs, holdTimeSeconds, passive, Optional.of(key), options);
    }

    /** With the default options. */
    public NeighborSettings(
            InetAddress address,
            int port,
            InetAddress localAddress,
            long remoteAs,
            int holdTimeSeconds,
            boolean passive,
            Optional<String> md5Password) {
        this(address, port, localAddress, remoteAs, holdTimeSeconds, passive, md5Password, NeighborOptions.DEFAULT);
    }

    /** The same with other options. */
    public NeighborSettings withOptions(NeighborOptions changed) {
        return new NeighborSettings(
                address, port, localAddress, remoteAs, holdTimeSeconds, passive, md5Password, changed);
    }

    @Override
    public String toString() {
        // The password stays out of logs.
        return address.getHostAddress() + ":" + port + " AS " + remoteAs + (passive ? " passive" : "");
    }

    /**
     * Whether a connection from there is this neighbour's. A link-local address is one of an interface, whose name stands
     * behind it ({@code fe80::2%eth0}); another neighbour may have the same at another one.
     */
    public boolean comesBy(InetAddress from) {
        String text = from.getHostAddress();
        int scope = text.indexOf('%');
        return scope < 0
                || !(from instanceof Inet6Address link && link.isLinkLocalAddress())
                || options.device().map(text.substring(scope + 1)::equals).orElse(true);
    }

    /** Whether it is at the address, and comes by the interface that is named behind a link-local one. */
    public boolean isAt(InetAddress from) {
        return address.equals(from) && comesBy(from);
    }

    /** What the state machine of a session is told. */
    FsmSettings ofMachine(SpeakerSettings speaker) {
        return new FsmSettings(
                options.localAs().orElse(speaker.localAs()),
                speaker.routerId(),
                remoteAs,
                holdTimeSeconds,
                passive,
                options.offer(),
                options.timers());
    }
}
