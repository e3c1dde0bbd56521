package org.secondsite.bgp.wire;

import java.util.List;
import java.util.Optional;

/** What the octets at the front of a stream are. */
public sealed interface Decoded {
    /**
     * The message is not whole yet; nothing was consumed.
     *
     * @param octets how many must be there, counted from the first of the message, before it is worth another try
     */
    record NeedMore(int octets) implements Decoded {}

    /**
     * A message, consumed from the buffer.
     *
     * @param message the message, without discarded attributes
     * @param faults what was wrong with it but needs no reset (RFC 7606); empty for a sound message
     */
    record Message(BgpMessage message, List<Fault> faults) implements Decoded {
        /** Copies the list. */
        public Message {
            faults = List.copyOf(faults);
        }

        /** A sound message. */
        public Message(BgpMessage message) {
            this(message, List.of());
        }

        /** The family whose routes are now all sent, if this is an End-of-RIB marker (RFC 4724 §2); one with faults is none. */
        public Optional<AddressFamily> endOfRib() {
            return faults.isEmpty() && message instanceof UpdateMessage update ? update.endOfRib() : Optional.empty();
        }

        /** Whether the routes that the message announces have to be withdrawn. */
        public boolean treatAsWithdraw() {
            return faults.stream().anyMatch(fault -> fault.treatment() == Treatment.TREAT_AS_WITHDRAW);
        }
    }

    /**
     * The session has to be reset; nothing more is to be read from the stream.
     *
     * @param notification what to tell the peer
     * @param reason for the log
     */
    record Reset(NotificationMessage notification, String reason) implements Decoded {
        static Reset of(BgpError error, String reason) {
            return new Reset(NotificationMessage.of(error), reason);
        }

        static Reset of(BgpError error, Octets data, String reason) {
            return new Reset(NotificationMessage.of(error, data), reason);
        }
    }
}
