package org.secondsite.bgp.io;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.secondsite.bgp.bfd.BfdKey;
import org.secondsite.bgp.bfd.BfdSettings;
import org.secondsite.bgp.decision.Policy;
import org.secondsite.bgp.exabgp.Configuration;
import org.secondsite.bgp.exabgp.EventJson;
import org.secondsite.bgp.fsm.Offer;
import org.secondsite.bgp.session.NeighborOptions;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.PrefixLimit;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.PlainText;
import org.secondsite.bgp.wire.Prefix;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code secondsite bgp speak|decode|encode}.
 *
 * <p>Exit codes: 0 done, 1 the message or command was bad, 2 the arguments were.
 */
public final class BgpCommands {
    private static final String USAGE = """
            bgp speak --local-as N --router-id A [--listen A:PORT] [--run COMMAND]... [--keep-routes]
                      --neighbor A --peer-as N [--local-address A] [--port N] [--hold-time S] [--passive]
                      [--password TEXT] [--other-self A] [--ttl-security HOPS] [--device NAME]
                      [--bfd] [--bfd-pace MS MULTIPLIER] [--bfd-key NUMBER TEXT]   (meticulous keyed SHA1)
                      [--family 'ipv4 unicast']... [--add-path] [--two-octet-as] [--as-sets]
                      [--ipv6-next-hops] [--ipv4-next-hops] (of prefixes of the other IP version, RFC 8950)
                      [--maximum-prefixes N] [--import-all] [--export-all] [--restart-help]
                      [--restart-help-notified]
                      (--neighbor and what follows may be repeated)
                      [--api DIRECTORY] [--api-name NAME] [--json 4|5] [--mrt FILE]
                      [--mrt-table FILE] [--mrt-table-every S]
            bgp speak --config FILE [--api DIRECTORY] [--api-name NAME] [--json 4|5] [--mrt FILE] [--mrt-table FILE]
                As a configuration file of ExaBGP 4 says; what is not there is named. SIGUSR1: read it again.
                Commands of ExaBGP's text API come from COMMAND's output, or from standard input without --run;
                events go back as JSON lines, ExaBGP 4's or 5's. --api: commands also come by DIRECTORY/NAME.in and .out,
                which exabgpcli finds in /run/exabgp, and by the Unix socket NAME.sock; NAME is exabgp.
                --import-all: its routes are candidates for others; --export-all: it is told the best of those of others.
                --restart-help: its routes are kept while it restarts (RFC 4724); --restart-help-notified: also after a
                NOTIFICATION that is no Hard Reset, or silence, if it says so too (RFC 8538).
                --mrt: what neighbours say and what became of it is appended to FILE, for bgpdump. --mrt-table: what they
                have announced by now is written to FILE every S seconds (3600), and at the end.
            bgp decode [SESSION] HEX...
                What is in the messages, and what a session would make of them.
            bgp encode [SESSION] 'announce route …' | 'withdraw route …' | 'attributes …'
                The messages, as hex.
            SESSION: --json 4|5, --local-as N, --peer-as N (the same: internal; without it: some other AS), --two-octet-as, --add-path,
                     --as-sets (take routes with AS sets), --family 'ipv4 unicast'... (all without it),
                     --local-address A (our end, and next hop self; may be given for IPv4 and IPv6; without it decode shows
                     loopback next hops as within a host, and which of them are refused between hosts)
            """;
    private static final long CHECK_MS = 1000;
    private static final Logger LOG = LoggerFactory.getLogger(BgpCommands.class);
    private static final long USUAL_LOCAL_AS = 65000;

    private BgpCommands() {}

    /** Runs one command; {@code speak} returns when its input ends, a helper says {@code shutdown}, or on interruption. */
    public static int run(List<String> arguments, InputStream in, PrintStream out, PrintStream err) {
        if (arguments.isEmpty()) {
            err.print(USAGE);
            return 2;
        }
        List<String> rest = arguments.subList(1, arguments.size());
        try {
            return switch (arguments.getFirst()) {
                case "speak" -> speak(rest, in, out);
                case "decode" -> decode(rest, out);
                case "encode" -> encode(rest, out, err);
                default -> throw new IllegalArgumentException("unknown command '" + arguments.getFirst() + "'");
            };
        } catch (IllegalArgumentException e) {
            err.println(e.getMessage());
            err.print(USAGE);
            return 2;
        } catch (IOException e) {
            err.println(e.getMessage());
            return 1;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 0;
        }
    }

    private static int decode(List<String> arguments, PrintStream out) {
        MessageArguments parsed = MessageArguments.ofDecode(arguments);
        int result = 0;
        for (String hex : parsed.words()) {
            String text = parsed.session().decode(hex, parsed.json());
            out.println(text);
            result = text.contains("{ \"error\":") ? 1 : result;
        }
        return result;
    }

    private static int encode(List<String> arguments, PrintStream out, PrintStream err) {
        MessageArguments parsed = MessageArguments.ofEncode(arguments, USUAL_LOCAL_AS);
        try {
            parsed.session().encode(String.join(" ", parsed.words())).forEach(out::println);
            return 0;
        } catch (IllegalArgumentException e) {
            err.println(PlainText.of(String.valueOf(e.getMessage())));
            return 1;
        }
    }

    private static int speak(List<String> arguments, InputStream in, PrintStream out)
            throws IOException, InterruptedException {
        SpeakWays ways = SpeakWays.parse(arguments);
        if (ways.configuration().isPresent()) {
            return speak(ways.configuration().get(), ways);
        }
        SpeakArguments parsed = SpeakArguments.parse(ways.rest());
        try (SpeakLoop loop = new SpeakLoop(parsed.settings(), parsed.keepRoutes(), ways.json())) {
            if (!parsed.helpers().isEmpty()) {
                parsed.helpers().forEach(loop::run);
            } else if (ways.api().isEmpty()) {
                loop.serve(in, out);
            }
            return untilTheEnd(loop, ways);
        }
    }

    private static int speak(Path file, SpeakWays ways) throws IOException, InterruptedException {
        switch (read(file)) {
            case Configuration.Outcome.Refused(String reason) -> throw new IOException(reason);
            case Configuration.Outcome.Read(Configuration configuration) -> {
                File directory = file.toAbsolutePath().getParent().toFile();
                try (SpeakLoop loop = SpeakLoop.of(configuration, directory, ways.json(), () -> read(file))) {
                    Signals.onReload(loop::reload);
                    return untilTheEnd(loop, ways);
                }
            }
        }
    }

    private static Configuration.Outcome read(Path file) {
        try {
            return switch (Configuration.parse(Files.readString(file))) {
                case Configuration.Outcome.Refused(String reason) ->
                    new Configuration.Outcome.Refused(file + ", " + reason);
                case Configuration.Outcome.Read read -> read;
            };
        } catch (IOException e) {
            return new Configuration.Outcome.Refused(file + " cannot be read: " + e.getMessage());
        }
    }

    private static int untilTheEnd(SpeakLoop loop, SpeakWays ways) throws IOException, InterruptedException {
        ways.api().ifPresent(place -> loop.listen(place, ways.apiName()));
        if (ways.mrt().isEmpty()) {
            loop.begin();
            awaitEnd(loop, ways);
            return 0;
        }
        try (MrtFile file = MrtFile.open(ways.mrt().get())) {
            loop.record(file);
            loop.begin();
            awaitEnd(loop, ways);
            return 0;
        }
    }

    private static void awaitEnd(SpeakLoop loop, SpeakWays ways) throws InterruptedException {
        long everyNanos = TimeUnit.SECONDS.toNanos(ways.mrtTableSeconds());
        long lastNanos = System.nanoTime();
        while (!loop.awaitEnd(CHECK_MS)) {
            if (Thread.interrupted()) {
                return;
            }
            if (System.nanoTime() - lastNanos >= everyNanos) {
                lastNanos = System.nanoTime();
                dump(loop, ways.mrtTable());
            }
        }
        dump(loop, ways.mrtTable());
    }

    private static void dump(SpeakLoop loop, Optional<Path> table) throws InterruptedException {
        if (table.isPresent()) {
            try {
                MrtDump.write(table.get(), loop.speaker());
            } catch (IOException e) {
                LOG.error("bgp: no table in {}: {}", table.get(), e.getMessage());
            }
        }
    }

    /**
     * How {@code speak} is told what to do, and tells what happens.
     *
     * @param api a directory for pipes and a socket
     * @param mrt a file of what neighbours say
     * @param mrtTable a file of what they have announced by now
     * @param mrtTableSeconds how often that is written
     * @param rest arguments that are of the speaker
     */
    private record SpeakWays(
            Optional<Path> configuration,
            Optional<Path> api,
            String apiName,
            EventJson.Form json,
            Optional<Path> mrt,
            Optional<Path> mrtTable,
            int mrtTableSeconds,
            List<String> rest) {
        static SpeakWays parse(List<String> arguments) {
            Optional<Path> configuration = Optional.empty();
            Optional<Path> api = Optional.empty();
            String apiName = "exabgp";
            EventJson.Form json = EventJson.Form.FOUR;
            Optional<Path> mrt = Optional.empty();
            Optional<Path> mrtTable = Optional.empty();
            int mrtTableSeconds = 3600;
            List<String> rest = new ArrayList<>();
            for (Iterator<String> words = arguments.iterator(); words.hasNext(); ) {
                String word = words.next();
                switch (word) {
                    case "--mrt" -> mrt = Optional.of(Path.of(Arguments.value(word, words)));
                    case "--mrt-table" -> mrtTable = Optional.of(Path.of(Arguments.value(word, words)));
                    case "--mrt-table-every" -> mrtTableSeconds = Arguments.number(word, words, 1, Integer.MAX_VALUE);
                    case "--config" -> configuration = Optional.of(Path.of(Arguments.value(word, words)));
                    case "--api" -> api = Optional.of(Path.of(Arguments.value(word, words)));
                    case "--api-name" -> apiName = Arguments.value(word, words);
                    case "--json" -> json = EventJson.Form.of(Arguments.value(word, words));
                    default -> rest.add(word);
                }
            }
            if (configuration.isPresent() && !rest.isEmpty()) {
                throw new IllegalArgumentException("--config says it all: " + rest + " cannot be said besides");
            }
            if (!apiName.matches("[A-Za-z0-9_-]+")) {
                throw new IllegalArgumentException("--api-name is a part of a file's name, not '" + apiName + "'");
            }
            return new SpeakWays(configuration, api, apiName, json, mrt, mrtTable, mrtTableSeconds, rest);
        }
    }

    /** The arguments of {@code speak}. */
    private record SpeakArguments(SpeakerSettings settings, List<String> helpers, boolean keepRoutes) {
        static SpeakArguments parse(List<String> arguments) {
            long localAs = 0;
            Optional<Inet4Address> routerId = Optional.empty();
            List<InetSocketAddress> listen = new ArrayList<>();
            List<String> helpers = new ArrayList<>();
            boolean keepRoutes = false;
            List<NeighborSettings> neighbors = new ArrayList<>();
            Set<InetAddress> familiesSaid = new HashSet<>();
            for (Iterator<String> words = arguments.iterator(); words.hasNext(); ) {
                String word = words.next();
                switch (word) {
                    case "--local-as" -> localAs = Arguments.asNumber(word, words);
                    case "--router-id" -> routerId = Optional.of(routerId(Arguments.value(word, words)));
                    case "--listen" -> listen.add(Arguments.endpoint(word, words));
                    case "--run" -> helpers.add(Arguments.value(word, words));
                    case "--keep-routes" -> keepRoutes = true;
                    case "--neighbor" ->
                        neighbors.add(NeighborSettings.of(Prefix.parseAddress(Arguments.value(word, words)), 1));
                    default -> {
                        if (neighbors.isEmpty()) {
                            throw new IllegalArgumentException("'" + word + "' before --neighbor");
                        }
                        neighbors.add(changed(neighbors.removeLast(), word, words, familiesSaid));
                    }
                }
            }
            if (localAs == 0 || routerId.isEmpty() || neighbors.isEmpty()) {
                throw new IllegalArgumentException("--local-as, --router-id and --neighbor are needed");
            }
            SpeakerSettings settings = new SpeakerSettings(localAs, routerId.get(), neighbors).withListen(listen);
            return new SpeakArguments(settings, helpers, keepRoutes);
        }

        private static NeighborSettings changed(
                NeighborSettings n, String word, Iterator<String> words, Set<InetAddress> familiesSaid) {
            NeighborOptions options = n.options();
            Offer offer = options.offer();
            return switch (word) {
                case "--peer-as" -> n.withRemoteAs(Arguments.asNumber(word, words));
                case "--local-address" -> n.withLocalAddress(Prefix.parseAddress(Arguments.value(word, words)));
                case "--port" -> n.withPort(Arguments.number(word, words, 1, 65535));
                case "--hold-time" -> n.withHoldTimeSeconds(Arguments.number(word, words, 0, 65535));
                case "--passive" -> n.withPassive(true);
                case "--password" -> n.withMd5Password(Arguments.value(word, words));
                case "--other-self" ->
                    n.withOptions(options.withOtherSelf(Prefix.parseAddress(Arguments.value(word, words))));
                case "--bfd" -> n.withOptions(options.withBfd(BfdSettings.FAST));
                case "--bfd-pace" -> {
                    int us = (int) TimeUnit.MILLISECONDS.toMicros(Arguments.number(word, words, 1, 60_000));
                    yield n.withOptions(
                            options.withBfd(new BfdSettings(us, us, Arguments.number(word, words, 1, 255))));
                }
                case "--bfd-key" ->
                    n.withOptions(options.withBfd(options.bfd()
                            .orElse(BfdSettings.FAST)
                            .withKey(BfdKey.meticulous(
                                    Arguments.number(word, words, 0, 255), Arguments.value(word, words)))));
                case "--ttl-security" ->
                    n.withOptions(options.withTtlSecurityHops(Arguments.number(word, words, 1, 254)));
                case "--device" -> n.withOptions(options.withDevice(Arguments.value(word, words)));
                case "--family" -> {
                    // The first one takes the place of the usual ones.
                    List<AddressFamily> families =
                            new ArrayList<>(familiesSaid.add(n.address()) ? List.of() : offer.families());
                    families.add(Arguments.family(Arguments.value(word, words)));
                    yield n.withOptions(options.withFamilies(families));
                }
                case "--add-path" -> {
                    Set<AddressFamily> all = Set.copyOf(offer.families());
                    yield n.withOptions(options.withOffer(offer.withAddPath(all, all)));
                }
                case "--two-octet-as" ->
                    n.withOptions(options.withOffer(offer.withForm(false, offer.extendedMessages())));
                case "--as-sets" -> n.withOptions(options.withOffer(offer.withAsSets(true)));
                case "--ipv6-next-hops" -> nextHopsToo(n, AddressFamily.IPV4_UNICAST);
                case "--ipv4-next-hops" -> nextHopsToo(n, AddressFamily.IPV6_UNICAST);
                case "--import-all" ->
                    n.withOptions(options.withPolicies(options.policies().withImports(Policy.EVERYTHING)));
                case "--export-all" ->
                    n.withOptions(options.withPolicies(options.policies().withExports(Policy.EVERYTHING)));
                case "--restart-help" -> n.withOptions(options.withOffer(offer.withRestartHelp()));
                case "--restart-help-notified" ->
                    n.withOptions(options.withOffer(offer.withRestartHelpThroughNotifications()));
                case "--maximum-prefixes" -> {
                    PrefixLimit limit = new PrefixLimit(
                            Arguments.number(word, words, 1, Integer.MAX_VALUE), PrefixLimit.Action.DOWN);
                    Map<AddressFamily, PrefixLimit> limits = new HashMap<>();
                    offer.families().forEach(family -> limits.put(family, limit));
                    yield n.withOptions(options.withPrefixLimits(limits));
                }
                default -> throw new IllegalArgumentException("unknown argument '" + word + "'");
            };
        }
    }

    /** With next hops of the other IP version in this family, too. */
    private static NeighborSettings nextHopsToo(NeighborSettings n, AddressFamily family) {
        Offer offer = n.options().offer();
        Set<AddressFamily> families = new HashSet<>(offer.extendedNextHops());
        families.add(family);
        return n.withOptions(n.options().withOffer(offer.withExtendedNextHops(families)));
    }

    private static Inet4Address routerId(String text) {
        if (Prefix.parseAddress(text) instanceof Inet4Address address) {
            return address;
        }
        throw new IllegalArgumentException("a router id looks like an IPv4 address, not like " + text);
    }
}
