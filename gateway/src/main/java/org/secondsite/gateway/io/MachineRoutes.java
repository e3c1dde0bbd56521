package org.secondsite.gateway.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.secondsite.bgp.decision.Followed;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.buffer.io.kernel.Commands;
import org.secondsite.config.IpPrefix;
import org.secondsite.gateway.router.MachineRoute;
import org.secondsite.gateway.router.Uplinks;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has this machine's routes to some destinations follow what BGP neighbours announce: all ways that are equally good, so that the death
 * of a router leaves those by the others. Looks again and again whether the kernel still has them: it drops routes of an interface
 * that goes down, and others may touch them.
 *
 * <p>A next hop that is at no uplink is refused, such as one in the VMs' subnet: a neighbour that announces it would hand the traffic of all
 * to a tenant. The other ways stay.
 *
 * <p>On a thread of its own, which decides nothing: commands take milliseconds. Routes stay when the gateway ends, as all that is beyond
 * the closed state does; those that the gateway before has left are there until neighbours have had time to announce others, if they
 * lead by uplinks to what is followed still.
 */
public final class MachineRoutes implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MachineRoutes.class);
    private static final int LOOK_SECONDS = 2;
    private static final Duration GRACE = Duration.ofSeconds(60);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Source source;
    private final Uplinks uplinks;
    private final Consumer<String> noted;
    private final Duration grace;
    private final AtomicLong refusals = new AtomicLong();

    /** What is told once this is closed goes nowhere. */
    private final ScheduledExecutorService thread = new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().name("machine-routes").daemon().factory(), new ThreadPoolExecutor.DiscardPolicy());

    /** By destination, what is to be; of this thread but for the picture. */
    private final Map<IpPrefix, Destination> destinations = new LinkedHashMap<>();

    /** What was told and has not been heard yet, by destination. */
    private final Map<IpPrefix, List<Followed.NextHop>> news = new ConcurrentHashMap<>();

    private volatile List<Picture> picture = List.of();

    /** Some of ours may lead where nothing is followed. */
    private boolean hasStrays;

    /** Who knows the ways. */
    @FunctionalInterface
    public interface Source {
        /**
         * Tells the ways to these destinations from now on, and to no others.
         *
         * @param told hears of each destination to which there is a way, and of each to which the ways are others; on any thread
         */
        void follow(List<Prefix> destinations, Consumer<Followed.Ways> told);
    }

    /** What is known of one destination. */
    private static final class Destination {
        private final IpPrefix prefix;
        private final long sinceNanos = System.nanoTime();

        /** What neighbours announce; empty: nothing was heard yet. */
        private Optional<List<Followed.NextHop>> ways = Optional.empty();

        /** What is to stand. */
        private Set<MachineRoute.Hop> hops = Set.of();

        /** Next hops that may not be in it, with the reason. */
        private Map<InetAddress, String> refused = Map.of();

        private boolean isJudged;
        private String detail = "";

        Destination(IpPrefix prefix) {
            this.prefix = prefix;
        }

        void told(List<Followed.NextHop> others) {
            ways = Optional.of(others);
            isJudged = false;
        }
    }

    /** What is shown of one destination. */
    private record Picture(MachineRoute route, String detail) {}

    /**
     * Follows nothing yet.
     *
     * @param source whose word on routes is followed
     * @param uplinks where next hops are
     * @param noted hears what becomes of routes, in words; on this object's thread
     */
    public MachineRoutes(Source source, Uplinks uplinks, Consumer<String> noted) {
        this(source, uplinks, noted, GRACE);
    }

    /** With another time for which neighbours have not had the time to announce anything. */
    MachineRoutes(Source source, Uplinks uplinks, Consumer<String> noted, Duration grace) {
        this.source = source;
        this.uplinks = uplinks;
        this.noted = noted;
        this.grace = grace;
        var _ = thread.scheduleWithFixedDelay(this::look, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
    }

    /** Follows these destinations from now on; all routes of ours to others are taken away. */
    public void follow(List<IpPrefix> followed) {
        thread.execute(() -> {
            destinations.keySet().retainAll(followed);
            followed.forEach(prefix -> destinations.computeIfAbsent(prefix, Destination::new));
            hasStrays = uplinks.exist();
            look();
            source.follow(followed.stream().map(MachineRoutes::prefix).toList(), this::told);
        });
    }

    private static Prefix prefix(IpPrefix prefix) {
        return new Prefix(prefix.address(), prefix.length());
    }

    /** On the source's thread. Of a neighbour that changes its mind faster than commands run only the last word counts. */
    private void told(Followed.Ways ways) {
        IpPrefix prefix =
                new IpPrefix(ways.destination().address(), ways.destination().length());
        if (news.put(prefix, ways.nextHops()) == null) {
            thread.execute(() -> heard(prefix));
        }
    }

    private void heard(IpPrefix prefix) {
        List<Followed.NextHop> ways = news.remove(prefix);
        Destination destination = destinations.get(prefix);
        if (destination != null) {
            destination.told(ways);
            settle(destination);
            noted.accept(new MachineRoute(prefix, destination.hops).toString());
            show();
        }
    }

    /** Where the next hop is; empty: at no interface, as far as it is known now. */
    private static Optional<String> device(Followed.NextHop nextHop) throws IOException {
        if (nextHop.address().isLinkLocalAddress()) {
            return scope(nextHop);
        }
        try {
            return MachineRoute.device(read(Commands.run(MachineRoute.reach(nextHop.address()), "")));
        } catch (IOException e) {
            LOG.debug("next hop {}: {}", nextHop.address(), e.getMessage());
            return Optional.empty();
        }
    }

    private static Optional<String> scope(Followed.NextHop nextHop) {
        try {
            NetworkInterface at = nextHop.scopeId() == 0 ? null : NetworkInterface.getByIndex(nextHop.scopeId());
            return Optional.ofNullable(at).map(NetworkInterface::getName);
        } catch (SocketException e) {
            LOG.debug("interface {}: {}", nextHop.scopeId(), e.getMessage());
            return Optional.empty();
        }
    }

    private void look() {
        if (hasStrays) {
            takeStrays();
        }
        destinations.values().forEach(this::settle);
        show();
    }

    /** Takes away what nobody follows: a gateway before may have followed it. */
    private void takeStrays() {
        try {
            for (boolean isIpv4 : List.of(true, false)) {
                JsonNode ours = read(Commands.run(MachineRoute.showOurs(isIpv4), ""));
                for (IpPrefix destination : MachineRoute.destinations(isIpv4, ours)) {
                    if (!destinations.containsKey(destination)) {
                        Commands.run(MachineRoute.take(destination), "");
                        noted.accept(destination + " is followed no more");
                    }
                }
            }
            hasStrays = false;
        } catch (IOException | IllegalArgumentException e) {
            LOG.warn("routes that nobody follows are not all taken away: {}", e.getMessage());
        }
    }

    /** Has the kernel's route be as it is to be, if it is not. */
    private void settle(Destination destination) {
        String before = destination.detail;
        try {
            MachineRoute.Standing standing =
                    MachineRoute.standing(read(Commands.run(MachineRoute.show(destination.prefix), "")));
            judge(destination, standing.hops());
            List<String> details = new ArrayList<>(destination.refused.values());
            standing.preferred().ifPresent(other -> details.add("not used: this machine prefers " + other));
            destination.detail = String.join("; ", details);
            boolean mayStand = standing.preferred()
                    .filter(MachineRoute.Other::isInThePlace)
                    .isEmpty();
            Set<MachineRoute.Hop> wanted = mayStand ? destination.hops : Set.of();
            if (!wanted.equals(standing.hops())) {
                Commands.run(
                        wanted.isEmpty()
                                ? MachineRoute.take(destination.prefix)
                                : new MachineRoute(destination.prefix, wanted).put(),
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

    /** Says what is to stand. While that stands, and nothing is refused, nothing is asked anew. */
    private void judge(Destination destination, Set<MachineRoute.Hop> standing) throws IOException {
        if (destination.ways.isEmpty()) {
            boolean isOver = System.nanoTime() - destination.sinceNanos > grace.toNanos();
            destination.hops = isOver
                    ? Set.of()
                    : standing.stream()
                            .filter(hop -> uplinks.contain(hop.device()))
                            .collect(Collectors.toSet());
            return;
        }
        if (destination.isJudged && destination.refused.isEmpty() && destination.hops.equals(standing)) {
            return;
        }
        Set<MachineRoute.Hop> hops = new LinkedHashSet<>();
        Map<InetAddress, String> refused = new LinkedHashMap<>();
        for (Followed.NextHop nextHop : destination.ways.get()) {
            Optional<String> device = device(nextHop);
            if (device.filter(uplinks::contain).isPresent()) {
                hops.add(new MachineRoute.Hop(nextHop.address(), device.get()));
            } else {
                refused.put(
                        nextHop.address(),
                        "next hop " + nextHop.address().getHostAddress() + " is refused: it is "
                                + device.map(name -> "at " + name + ", which is no uplink")
                                        .orElse("beside no interface of this machine"));
            }
        }
        refusals.addAndGet(refused.keySet().stream()
                .filter(address -> !destination.refused.containsKey(address))
                .count());
        destination.hops = hops;
        destination.refused = refused;
        destination.isJudged = true;
    }

    private static JsonNode read(String shown) throws IOException {
        return shown.isBlank() ? JSON.createArrayNode() : JSON.readTree(shown);
    }

    private void show() {
        List<Picture> all = new ArrayList<>();
        for (Destination destination : destinations.values()) {
            all.add(new Picture(new MachineRoute(destination.prefix, destination.hops), destination.detail));
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

    /** How many next hops were refused. Any thread. */
    public long refusals() {
        return refusals.get();
    }

    /** Follows nothing more; the routes stay. */
    @Override
    public void close() {
        source.follow(List.of(), ways -> {});
        thread.shutdownNow();
    }
}
