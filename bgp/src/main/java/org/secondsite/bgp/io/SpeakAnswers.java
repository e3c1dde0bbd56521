package org.secondsite.bgp.io;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.secondsite.bgp.decision.Candidate;
import org.secondsite.bgp.exabgp.AddressText;
import org.secondsite.bgp.exabgp.ApiCommand;
import org.secondsite.bgp.exabgp.RouteText;
import org.secondsite.bgp.fsm.Negotiated;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SessionStatus;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.Prefix;

/** Answers questions of ExaBGP's text API about a speaker, in ExaBGP's form where it has one. */
final class SpeakAnswers {
    private static final String SUMMARY_HEAD = "Peer            AS        up/down state       |     #sent     #recvd";
    private static final List<String> HELP = List.of(
            "[neighbor <ip> [local-ip <ip>][local-as <asn>][peer-as <asn>]] before:",
            "announce|withdraw route <prefix> next-hop <ip>|self [<attributes>]",
            "announce|withdraw attributes <attributes> nlri <prefix> ...",
            "announce|withdraw ipv4|ipv6 unicast <prefix> next-hop <ip>|self [<attributes>]",
            "announce|withdraw flow route { match { ... } then { ... } }",
            "announce|withdraw watchdog <name>",
            "announce eor|route-refresh <afi> <safi>",
            "teardown <code>",
            "flush|clear adj-rib out",
            "and by themselves:",
            "show neighbor [<ip>] [summary|extensive|configuration]",
            "show adj-rib in|out [<ip>] [extensive]",
            "show rib [<prefix>]",
            "enable-ack|disable-ack|silence-ack",
            "version|help|reload|restart|reset|shutdown");

    private final BgpSpeaker speaker;
    private final Consumer<String> out;

    SpeakAnswers(BgpSpeaker speaker, Consumer<String> out) {
        this.speaker = speaker;
        this.out = out;
    }

    void help() {
        HELP.forEach(out);
    }

    void version() {
        out.accept("exabgp 4.2 compatible, secondsite");
    }

    void neighbors(SpeakerSettings settings, ApiCommand.ShowNeighbor show) {
        if (show.detail() == ApiCommand.Detail.SUMMARY) {
            out.accept(SUMMARY_HEAD);
        }
        for (SessionStatus status : speaker.status().join()) {
            Optional<NeighborSettings> neighbor = settings.neighbor(status.peer());
            if (neighbor.isEmpty() || !show.only().orElse(status.peer()).equals(status.peer())) {
                continue;
            }
            switch (show.detail()) {
                case PLAIN -> plain(status);
                case SUMMARY -> summary(status, neighbor.get());
                case EXTENSIVE -> extensive(settings, status, neighbor.get());
                case CONFIGURATION -> configuration(settings, neighbor.get());
            }
        }
    }

    private void plain(SessionStatus status) {
        out.accept("neighbor " + AddressText.of(status.peer()) + " "
                + status.state().text().toLowerCase(Locale.ROOT) + " announced " + status.sentPrefixes() + " received "
                + status.receivedRoutes());
    }

    private void summary(SessionStatus status, NeighborSettings neighbor) {
        if (status.terms().isPresent()) {
            out.accept(String.format(
                    Locale.ROOT,
                    "%-15s %-7s %9s %-12s %10d %10d",
                    AddressText.of(status.peer()),
                    neighbor.remoteAs(),
                    time(status.upNanos()),
                    status.state().text().toLowerCase(Locale.ROOT),
                    status.messages().updatesSent(),
                    status.messages().updatesReceived()));
        }
    }

    private static String time(long nanos) {
        Duration time = Duration.ofNanos(nanos);
        String ofDay = String.format(
                Locale.ROOT, "%d:%02d:%02d", time.toHoursPart(), time.toMinutesPart(), time.toSecondsPart());
        return time.toDays() == 0 ? ofDay : time.toDays() + " days, " + ofDay;
    }

    private void extensive(SpeakerSettings settings, SessionStatus status, NeighborSettings neighbor) {
        Optional<Negotiated> terms = status.terms();
        out.accept("Neighbor " + AddressText.of(status.peer()));
        out.accept("");
        line("Session", "Local", "", "");
        line(
                "local",
                Optional.ofNullable(neighbor.localAddress())
                        .map(AddressText::of)
                        .orElse("auto"),
                "",
                "");
        line("state", status.state().text().toLowerCase(Locale.ROOT), "", "");
        line(terms.isPresent() ? "up for" : "down", terms.isPresent() ? time(status.upNanos()) : "", "", "");
        out.accept("");
        line("Setup", "Local", "Remote", "");
        line("AS", localAs(settings, neighbor), neighbor.remoteAs(), "");
        line(
                "ID",
                AddressText.of(settings.routerId()),
                terms.map(t -> AddressText.of(t.peerRouterId())).orElse("n/a"),
                "");
        line(
                "hold-time",
                neighbor.holdTimeSeconds(),
                terms.map(t -> String.valueOf(t.peerOpen().holdTimeSeconds())).orElse("n/a"),
                "");
        out.accept("");
        line("Families", "Local", "Agreed", "Add-Path");
        for (AddressFamily family : neighbor.options().offer().families()) {
            line(
                    family + ":",
                    "enabled",
                    terms.map(t -> enabled(t.traits().families().contains(family)))
                            .orElse("n/a"),
                    terms.map(t -> enabled(t.traits().addPathSend().contains(family)))
                            .orElse("n/a"));
        }
        out.accept("");
        line("Message Statistic", "Sent", "Received", "");
        line("update:", status.messages().updatesSent(), status.messages().updatesReceived(), "");
        line("all:", status.messages().sent(), status.messages().received(), "");
        line("routes:", status.sentPrefixes(), status.receivedRoutes(), "");
    }

    private void line(String name, Object local, Object remote, Object further) {
        out.accept(String.format(Locale.ROOT, "   %-20s %15s %15s %15s", name, local, remote, further)
                .stripTrailing());
    }

    private static String enabled(boolean yes) {
        return yes ? "enabled" : "disabled";
    }

    private static long localAs(SpeakerSettings settings, NeighborSettings neighbor) {
        return neighbor.options().localAs().orElse(settings.localAs());
    }

    /** What a configuration file would say of it; keys are nobody's business. */
    private void configuration(SpeakerSettings settings, NeighborSettings neighbor) {
        out.accept("neighbor " + AddressText.of(neighbor.address()) + " {");
        out.accept("\trouter-id " + AddressText.of(settings.routerId()) + ";");
        Optional.ofNullable(neighbor.localAddress())
                .ifPresent(local -> out.accept("\tlocal-address " + AddressText.of(local) + ";"));
        out.accept("\tlocal-as " + localAs(settings, neighbor) + ";");
        out.accept("\tpeer-as " + neighbor.remoteAs() + ";");
        out.accept("\thold-time " + neighbor.holdTimeSeconds() + ";");
        out.accept("\tconnect " + neighbor.port() + ";");
        if (neighbor.passive()) {
            out.accept("\tpassive enable;");
        }
        neighbor.options().device().ifPresent(device -> out.accept("\tsource-interface " + device + ";"));
        out.accept("\tfamily {");
        neighbor.options().offer().families().forEach(family -> out.accept("\t\t" + family + ";"));
        out.accept("\t}");
        out.accept("}");
    }

    void routes(SpeakerSettings settings, ApiCommand.ShowAdjRib show) {
        for (NeighborSettings neighbor : settings.neighbors()) {
            InetAddress peer = neighbor.address();
            if (!show.only().orElse(peer).equals(peer)) {
                continue;
            }
            if (show.out()) {
                speaker.sentRoutes(peer).join().forEach((nlri, attributes) -> {
                    Optional<? extends InetAddress> hop = attributes
                            .get(PathAttribute.MpReach.class)
                            .map(PathAttribute.MpReach::nextHop)
                            .orElseGet(() ->
                                    attributes.get(PathAttribute.NextHop.class).map(PathAttribute.NextHop::address));
                    route(peer, nlri, hop, attributes, show.detail());
                });
            } else {
                for (ReceivedRoute route : speaker.receivedRoutes(peer).join()) {
                    route(peer, route.nlri(), route.nextHop(), route.attributes(), show.detail());
                }
            }
        }
    }

    /** The Loc-RIB: the best route to each destination, or all to one, the best first. */
    void best(Optional<Prefix> only) {
        List<Candidate> routes = only.isPresent()
                ? speaker.candidates(only.get()).join()
                : speaker.bestRoutes().join();
        for (Candidate candidate : routes) {
            ReceivedRoute route = candidate.route();
            route(
                    candidate.source().peer(),
                    route.nlri(),
                    route.nextHop(),
                    route.attributes(),
                    ApiCommand.Detail.EXTENSIVE);
        }
    }

    private void route(
            InetAddress peer,
            Nlri nlri,
            Optional<? extends InetAddress> nextHop,
            PathAttributes attributes,
            ApiCommand.Detail detail) {
        out.accept("neighbor " + AddressText.of(peer) + " " + nlri.family() + " "
                + (detail == ApiCommand.Detail.EXTENSIVE
                        ? RouteText.of(nlri, nextHop, attributes)
                        : AddressText.of(nlri)));
    }
}
