package org.secondsite.bench.bgp;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.secondsite.bench.process.Latencies;
import org.secondsite.bgp.io.BgpSpeaker;
import org.secondsite.bgp.io.SpeakerThreads;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.rib.RouteTable;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerListener;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Prefix;

/**
 * A speaker of ours for a measurement, which is asked line by line and answers in JSON: {@code source N} announces so many
 * routes, {@code sink} takes what comes, {@code hub N} has so many neighbours on loopback, and {@code crowd N} is them.
 */
final class BgpProcess implements SpeakerListener, AutoCloseable {
    private static final InetAddress LOOPBACK = Prefix.parseAddress("127.0.0.1");
    private static final int PATIENCE_SECONDS = 120;
    private static final int HOLD_SECONDS = 3;
    private static final int CROWD_AS = 65200;
    private static final int GROUP_PREFIXES = 1000;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final EventLoopGroup loops =
            new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("measured", true), EpollIoHandler.newFactory());
    private final List<BgpSpeaker> speakers = new ArrayList<>();
    private final Map<Prefix, Integer> sent = new HashMap<>();
    private final int routes;
    /** Whether it matters which routes are sent, and not only how many. */
    private boolean bySingle;

    private long sentCount;
    private long received;
    private long lastReceivedMs;
    private long establishedMs;
    private long lastSentNanos;
    private int established;
    private int downs;

    private BgpProcess(int routes) {
        this.routes = routes;
    }

    private final class OneLoop implements SpeakerThreads {
        @Override
        public EventLoopGroup loop(String name) {
            return loops;
        }

        @Override
        public void caught(Throwable cause) {
            cause.printStackTrace();
        }
    }

    /** Until the end of the input. */
    public static void main(String[] arguments) throws Exception {
        int number = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 0;
        try (BgpProcess process = new BgpProcess(number)) {
            switch (arguments[0]) {
                case "source" -> process.source();
                case "sink" -> process.sink();
                case "hub" -> process.hub(number);
                case "crowd" -> process.crowd(number);
                default -> throw new IllegalArgumentException(arguments[0]);
            }
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, UTF_8));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] words = line.split(" ", -1);
                System.out.println(process.answer(words[0], Integer.parseInt(words[1])));
            }
        }
    }

    private static NeighborSettings neighbor(String local, String remote, long as) {
        return NeighborSettings.of(Prefix.parseAddress(remote), as).withLocalAddress(Prefix.parseAddress(local));
    }

    private void source() throws IOException {
        NeighborSettings sink = neighbor(BgpSite.SOURCE, BgpSite.SINK, BgpSite.SINK_AS);
        RouteTable table = RouteTable.of(Routes.map(routes));
        open(SpeakerSettings.of(BgpSite.SOURCE_AS, BgpSite.SOURCE, sink));
        speakers.getFirst().advertise(table);
    }

    private void sink() throws IOException {
        NeighborSettings source =
                neighbor(BgpSite.SINK, BgpSite.SOURCE, BgpSite.SOURCE_AS).withPassive(true);
        open(SpeakerSettings.of(BgpSite.SINK_AS, BgpSite.SINK, source)
                .withListen(List.of(new InetSocketAddress(Prefix.parseAddress(BgpSite.SINK), 179))));
    }

    private static String member(int number) {
        return "127.1." + (number >> 7) + "." + (1 + (number & 0x7f));
    }

    private void hub(int members) throws IOException {
        List<NeighborSettings> neighbors = new ArrayList<>();
        for (int i = 0; i < members; i++) {
            neighbors.add(neighbor(LOOPBACK.getHostAddress(), member(i), CROWD_AS)
                    .withPassive(true)
                    .withHoldTimeSeconds(HOLD_SECONDS));
        }
        open(SpeakerSettings.of(BgpSite.SOURCE_AS, BgpSite.SOURCE)
                .withNeighbors(neighbors)
                .withListen(List.of(new InetSocketAddress(LOOPBACK, 179))));
    }

    private void crowd(int members) throws IOException {
        for (int i = 0; i < members; i++) {
            NeighborSettings hub = neighbor(member(i), LOOPBACK.getHostAddress(), BgpSite.SOURCE_AS)
                    .withHoldTimeSeconds(HOLD_SECONDS);
            open(SpeakerSettings.of(CROWD_AS, member(i), hub));
        }
    }

    private void open(SpeakerSettings settings) throws IOException {
        BgpSpeaker.rehearse();
        speakers.add(BgpSpeaker.open(settings, this, new OneLoop()));
    }

    private String answer(String question, int number) throws Exception {
        ObjectNode answer = JSON.createObjectNode();
        switch (question) {
            case "established" -> {
                await(() -> established >= number);
                answer.put("epochMs", establishedMs);
            }
            case "heap" -> answer.put("bytes", heap());
            case "received" -> {
                await(() -> received >= number);
                answer.put("epochMs", lastReceivedMs).put("heapBytes", heap());
            }
            case "changes" -> changes(number, answer);
            case "group" -> groups(number, answer);
            case "watch" -> {
                int before = downs;
                Thread.sleep(TimeUnit.SECONDS.toMillis(number));
                answer.put("downs", downs - before);
            }
            default -> throw new IllegalArgumentException(question);
        }
        return answer.toString();
    }

    private static long heap() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    /** One route after the other gets another MED: the time that the event loop has for it, and until it is written. */
    private void changes(int count, ObjectNode answer) throws Exception {
        BgpSpeaker speaker = speakers.getFirst();
        await(() -> sentCount == routes);
        synchronized (this) {
            bySingle = true;
        }
        Latencies loop = new Latencies();
        Latencies wire = new Latencies();
        long[] ticks = new long[2];
        for (int i = 0; i < count; i++) {
            Prefix prefix = Prefix.parse(Routes.text((int) ((long) i * routes / count), routes));
            synchronized (this) {
                sent.remove(prefix);
            }
            long begin = System.nanoTime();
            loops.execute(() -> ticks[0] = System.nanoTime());
            speaker.announce(prefix, RouteAttributes.PLAIN.withMed(i + 1));
            loops.submit(() -> ticks[1] = System.nanoTime()).get();
            await(() -> sent.containsKey(prefix));
            loop.add(ticks[1] - ticks[0]);
            wire.add(lastSentNanos - begin);
        }
        put(answer.putObject("loop"), loop);
        put(answer.putObject("wire"), wire);
    }

    /** All prefixes of a group change at once, to all neighbours. */
    private void groups(int count, ObjectNode answer) throws Exception {
        BgpSpeaker speaker = speakers.getFirst();
        await(() -> established >= routes);
        synchronized (this) {
            bySingle = true;
        }
        Latencies latencies = new Latencies();
        for (int i = 0; i < count; i++) {
            Map<Prefix, RouteAttributes> group = new HashMap<>();
            for (int j = 0; j < GROUP_PREFIXES; j++) {
                group.put(Prefix.parse(Routes.text(j, GROUP_PREFIXES)), RouteAttributes.PLAIN.withMed(i));
            }
            synchronized (this) {
                sent.clear();
            }
            long begin = System.nanoTime();
            speaker.advertise(group);
            await(() -> sent.size() == GROUP_PREFIXES && sent.values().stream().allMatch(times -> times == routes));
            latencies.add(lastSentNanos - begin);
        }
        put(answer.putObject("group"), latencies);
    }

    private static void put(ObjectNode node, Latencies latencies) {
        node.put("p50Ms", latencies.ms(50))
                .put("p99Ms", latencies.ms(99))
                .put("maxMs", latencies.ms(100))
                .put("count", latencies.count());
    }

    private synchronized void await(BooleanSupplier condition) throws InterruptedException, IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new IOException("not within " + PATIENCE_SECONDS + " s");
            }
            wait(PATIENCE_SECONDS);
        }
    }

    @Override
    public synchronized void established(InetAddress peer) {
        established++;
        establishedMs = System.currentTimeMillis();
        notifyAll();
    }

    @Override
    public synchronized void down(InetAddress peer, String reason) {
        established--;
        downs++;
        System.err.println(peer + " is down: " + reason);
        notifyAll();
    }

    @Override
    public synchronized void updateSent(InetAddress peer, List<Nlri> announced, List<Nlri> withdrawn, long nanoTime) {
        sentCount += announced.size();
        if (bySingle) {
            announced.forEach(route -> sent.merge(((Nlri.Unicast) route).prefix(), 1, Integer::sum));
        }
        lastSentNanos = nanoTime;
        notifyAll();
    }

    @Override
    public synchronized void routesReceived(InetAddress peer, List<ReceivedRoute> announced, List<Nlri> withdrawn) {
        received += announced.size() - withdrawn.size();
        lastReceivedMs = System.currentTimeMillis();
        notifyAll();
    }

    @Override
    public void close() {
        speakers.forEach(BgpSpeaker::close);
    }
}
