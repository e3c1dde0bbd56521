package org.secondsite.gateway.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.secondsite.bgp.decision.Followed;
import org.secondsite.bgp.io.BgpSpeaker;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.buffer.io.kernel.Commands;
import org.secondsite.config.IpPrefix;
import org.secondsite.gateway.router.MachineRoute;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has this machine's routes to some destinations follow what BGP neighbours announce: all ways that are equally good, so that the death
 * of a router leaves those by the others. Looks again and again whether the kernel still has them: it drops routes of an interface
 * that goes down, and others may touch them.
 *
 * <p>On a thread of its own, which decides nothing: commands take milliseconds. Routes stay when the gateway ends, as all that is beyond
 * the closed state does; those that the gateway before has left are there until neighbours have had time to announce others.
 */
public final class MachineRoutes implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MachineRoutes.class);
    private static final int LOOK_SECONDS = 2;
    private static final int SETTLED_SECONDS = 60;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final BgpSpeaker speaker;
    private final Consumer<String> noted;

    /** What is told once this is closed goes nowhere. */
    private final ScheduledExecutorService thread = new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().name("machine-routes").daemon().factory(), new ThreadPoolExecutor.DiscardPolicy());

    /** By destination, what is to be; of this thread but for the picture. */
    private final Map<IpPrefix, Destination> destinations = new LinkedHashMap<>();

    private volatile List<Picture> picture = List.of();

    /** What is known of one destination. */
    private static final class Destination {
        private final IpPrefix prefix;
        private final long sinceNanos = System.nanoTime();
        private Optional<Set<MachineRoute.Hop>> wanted = Optional.empty();
        private String detail = "";

        Destination(IpPrefix prefix) {
            this.prefix = prefix;
        }

        /** What is to stand; empty: what the gateway before has left, for the time being. */
        private Optional<Set<MachineRoute.Hop>> wanted() {
            boolean isSettled = System.nanoTime() - sinceNanos > TimeUnit.SECONDS.toNanos(SETTLED_SECONDS);
            return isSettled ? wanted.or(() -> Optional.of(Set.of())) : wanted;
        }
    }

    /** What is shown of one destination. */
    private record Picture(MachineRoute route, String detail) {}

    /**
     * Follows nothing yet.
     *
     * @param speaker whose neighbours' routes are followed
     * @param noted hears what becomes of routes, in words; on this object's thread
     */
    public MachineRoutes(BgpSpeaker speaker, Consumer<String> noted) {
        this.speaker = speaker;
        this.noted = noted;
        var _ = thread.scheduleWithFixedDelay(this::look, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
    }

    /** Follows these destinations from now on; the routes to others that were are taken away. */
    public void follow(List<IpPrefix> followed) {
        thread.execute(() -> {
            for (IpPrefix gone : List.copyOf(destinations.keySet())) {
                if (!followed.contains(gone)) {
                    Destination destination = destinations.remove(gone);
                    destination.wanted = Optional.of(Set.of());
                    settle(destination);
                }
            }
            followed.forEach(prefix -> destinations.computeIfAbsent(prefix, Destination::new));
            show();
            var _ = speaker.follow(followed.stream().map(MachineRoutes::prefix).toList(), this::told);
        });
    }

    private static Prefix prefix(IpPrefix prefix) {
        return new Prefix(prefix.address(), prefix.length());
    }

    /** On the speaker's thread. */
    private void told(Followed.Ways ways) {
        thread.execute(() -> {
            Destination destination = destinations.get(new IpPrefix(
                    ways.destination().address(), ways.destination().length()));
            if (destination != null) {
                Set<MachineRoute.Hop> hops = new LinkedHashSet<>();
                ways.nextHops().forEach(nextHop -> hops.add(hop(nextHop)));
                destination.wanted = Optional.of(hops);
                noted.accept(new MachineRoute(destination.prefix, hops).toString());
                settle(destination);
                show();
            }
        });
    }

    private static MachineRoute.Hop hop(Followed.NextHop nextHop) {
        Optional<String> device = Optional.empty();
        try {
            NetworkInterface at = nextHop.scopeId() == 0 ? null : NetworkInterface.getByIndex(nextHop.scopeId());
            device = Optional.ofNullable(at).map(NetworkInterface::getName);
        } catch (SocketException e) {
            LOG.debug("interface {}: {}", nextHop.scopeId(), e.getMessage());
        }
        return new MachineRoute.Hop(nextHop.address(), device);
    }

    private void look() {
        destinations.values().forEach(this::settle);
        show();
    }

    /** Has the kernel's route be as it is to be, if it is not. */
    private void settle(Destination destination) {
        String before = destination.detail;
        try {
            MachineRoute.Standing standing =
                    MachineRoute.standing(read(Commands.run(MachineRoute.show(destination.prefix), "")));
            destination.detail = standing.preferred()
                    .map(other -> "not used: this machine prefers " + other)
                    .orElse("");
            Optional<Set<MachineRoute.Hop>> wanted = destination.wanted();
            if (wanted.isPresent() && !wanted.get().equals(standing.hops())) {
                var _ = Commands.run(
                        wanted.get().isEmpty()
                                ? MachineRoute.take(destination.prefix)
                                : new MachineRoute(destination.prefix, wanted.get()).put(),
                        "");
            }
        } catch (IOException | IllegalArgumentException e) {
            destination.detail = "not as it is to be: " + e.getMessage();
        }
        if (!destination.detail.equals(before) && !destination.detail.isEmpty()) {
            LOG.warn("route to {}: {}", destination.prefix, destination.detail);
            noted.accept(destination.prefix + ": " + destination.detail);
        }
    }

    private static JsonNode read(String shown) throws IOException {
        return shown.isBlank() ? JSON.createArrayNode() : JSON.readTree(shown);
    }

    private void show() {
        List<Picture> all = new ArrayList<>();
        for (Destination destination : destinations.values()) {
            Set<MachineRoute.Hop> hops = destination.wanted.orElse(Set.of());
            all.add(new Picture(new MachineRoute(destination.prefix, hops), destination.detail));
        }
        picture = List.copyOf(all);
    }

    /** Adds them to a status as {@code machineRoutes}, if any destination is followed. Any thread. */
    public void tell(JsonNode status) {
        List<Picture> now = picture;
        if (now.isEmpty() || !(status instanceof ObjectNode node)) {
            return;
        }
        ArrayNode routes = node.putArray("machineRoutes");
        for (Picture one : now) {
            ObjectNode shown =
                    routes.addObject().put("prefix", one.route().destination().toString());
            ArrayNode via = shown.putArray("via");
            one.route().hops().forEach(hop -> via.add(hop.toString()));
            shown.put("detail", one.detail());
        }
    }

    /** Follows nothing more; the routes stay. */
    @Override
    public void close() {
        var _ = speaker.follow(List.of(), ways -> {});
        thread.shutdownNow();
    }
}
