package org.secondsite.bgp.fsm;

import java.util.Optional;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.Decoded;
import org.secondsite.bgp.wire.NotificationMessage;

/**
 * An event with what it brings along.
 *
 * @param event the event
 * @param reason for log, metric and timeline
 * @param notification what {@link Step#NOTIFY} sends
 * @param message what {@link Step#DELIVER} hands on
 * @param terms what {@link Event#BGP_OPEN} settled
 */
record Input(
        Event event,
        String reason,
        Optional<NotificationMessage> notification,
        Optional<Decoded.Message> message,
        Optional<Negotiated> terms) {

    static Input of(Event event, String reason) {
        return new Input(event, reason, Optional.empty(), Optional.empty(), Optional.empty());
    }

    static Input notifying(Event event, NotificationMessage notification, String reason) {
        return new Input(event, reason, Optional.of(notification), Optional.empty(), Optional.empty());
    }

    static Input notifying(Event event, BgpError error) {
        return notifying(event, NotificationMessage.of(error), error.text());
    }

    static Input delivering(Event event, Decoded.Message message) {
        return new Input(event, event.text(), Optional.empty(), Optional.of(message), Optional.empty());
    }

    static Input opened(Negotiated terms) {
        String reason = "OPEN from " + terms.peerRouterId().getHostAddress();
        return new Input(Event.BGP_OPEN, reason, Optional.empty(), Optional.empty(), Optional.of(terms));
    }
}
