package org.secondsite.bench.bgp;

import java.io.IOException;
import java.nio.file.Files;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** BIRD as what a contender speaks to. It tells by its own clock when the session was up and when the last route came. */
final class Bird {
    private static final String TIME = "(\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3})";
    private static final Pattern ESTABLISHED = Pattern.compile("edge +BGP +--- +up +" + TIME + " +Established");
    private static final Pattern IMPORTED = Pattern.compile("Routes: +(\\d+) imported");
    private static final Pattern ROUTE = Pattern.compile("\\[edge " + TIME);
    private static final DateTimeFormatter FORMAT = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS", Locale.ROOT);

    private static final int LOOK_MS = 250;

    private final BgpSite site;
    private final Process process;

    private Bird(BgpSite site, Process process) {
        this.site = site;
        this.process = process;
    }

    /** Waits at the sink's end for the source to connect. */
    static Bird startSink(BgpSite site) throws IOException, InterruptedException {
        return start(site, "sink", """
                log "bird.log" all;
                router id %s;
                timeformat protocol iso long ms;
                timeformat route iso long ms;
                protocol device {}
                protocol bgp edge {
                  local %s as %d; neighbor %s as %d; passive on; ipv4 { import all; export none; };
                }
                """.formatted(
                        BgpSite.SINK, BgpSite.SINK, BgpSite.SINK_AS, BgpSite.SOURCE, BgpSite.SOURCE_AS));
    }

    /** Has all routes before it connects. */
    static Bird startSource(BgpSite site, int routes) throws IOException, InterruptedException {
        Routes.write(
                site.file("static.conf"),
                "protocol static {\nipv4;\n",
                routes,
                i -> "route " + Routes.text(i, routes) + " blackhole;",
                "}\n");
        return start(site, "source", """
                router id %s;
                protocol device {}
                include "static.conf";
                protocol bgp edge {
                  local %s as %d; neighbor %s as %d;
                  connect delay time 1; connect retry time 1; error wait time 1, 1;
                  ipv4 { import none; export all; };
                }
                """.formatted(
                        BgpSite.SOURCE, BgpSite.SOURCE, BgpSite.SOURCE_AS, BgpSite.SINK, BgpSite.SINK_AS));
    }

    private static Bird start(BgpSite site, String namespace, String configuration)
            throws IOException, InterruptedException {
        String name = "bird-" + namespace;
        site.file(name + ".conf", configuration);
        Process process =
                site.start(namespace, name, List.of("bird", "-f", "-c", name + ".conf", "-s", name + ".ctl"), Map.of());
        BgpSite.await("BIRD is up", () -> Files.exists(site.file(name + ".ctl")));
        return new Bird(site, process);
    }

    private String ask(String question) throws IOException {
        return site.query(
                "sink", List.of("birdc", "-s", site.file("bird-sink.ctl").toString(), question));
    }

    /** How many routes it has. */
    long imported() throws IOException {
        Matcher matcher = IMPORTED.matcher(ask("show protocols all edge"));
        return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
    }

    /** From Established until the last of so many routes was taken, in milliseconds. */
    double awaitAll(int routes) throws IOException, InterruptedException {
        BgpSite.await(routes + " routes at BIRD", LOOK_MS, () -> imported() == routes);
        Matcher up = ESTABLISHED.matcher(ask("show protocols all edge"));
        if (!up.find()) {
            throw new IOException("BIRD does not tell since when the session is up");
        }
        String last = "";
        Matcher route = ROUTE.matcher(ask("show route protocol edge"));
        while (route.find()) {
            last = route.group(1).compareTo(last) > 0 ? route.group(1) : last;
        }
        return java.time.Duration.between(at(up.group(1)), at(last)).toMillis();
    }

    private static LocalDateTime at(String text) {
        return LocalDateTime.parse(text, FORMAT);
    }

    long pid() {
        return process.pid();
    }
}
