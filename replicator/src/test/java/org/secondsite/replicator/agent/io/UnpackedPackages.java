package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Debian packages, fetched and unpacked without being installed. Kept in a cache directory. */
final class UnpackedPackages {
    private static final String FETCH = """
            cd "$1"
            shift
            umask 022
            apt-get -q $APT download "$@"
            for package in ./*.deb; do dpkg-deb -x "$package" root; done
            """;

    /** Lists of packages of their own, so that nothing is installed from there by mistake. */
    private static final String FROM_BACKPORTS = """
            mkdir -p "$1/state/lists/partial" "$1/cache/archives/partial"
            echo 'deb http://deb.debian.org/debian bookworm-backports main' >"$1/backports.list"
            APT="-o Dir::Etc::sourcelist=$1/backports.list -o Dir::Etc::sourceparts=- -o Dir::State=$1/state"
            APT="$APT -o Dir::State::status=/var/lib/dpkg/status -o Dir::Cache=$1/cache -o APT::Sandbox::User=root"
            apt-get -q $APT update
            """;

    private UnpackedPackages() {}

    /**
     * Those of the release that is installed here.
     *
     * @return the directory that has them as the root directory would
     * @throws IOException if apt does not have them, with its words
     */
    static Path of(String... packages) throws IOException {
        return in("packages-", FETCH, packages);
    }

    /** Those of the backports of Debian 12, which need not be known to this machine's apt. */
    static Path ofBackports(String... packages) throws IOException {
        return in("backports-", FROM_BACKPORTS + FETCH, packages);
    }

    private static Path in(String prefix, String script, String... packages) throws IOException {
        Path cache = Path.of(System.getProperty("user.home"), ".cache", "secondsite", "test-guest");
        Path unpacked = cache.resolve(prefix + String.join("-", packages));
        if (Files.exists(unpacked)) {
            return unpacked;
        }
        Files.createDirectories(cache);
        Path work = Files.createTempDirectory(cache, "unpack");
        List<String> command =
                new ArrayList<>(List.of("sh", "-ec", script + "mv -T root \"$TO\" && rm -rf \"$PWD\"", "sh"));
        command.add(work.toString());
        command.addAll(Arrays.asList(packages));
        ProcessBuilder fetch = new ProcessBuilder(command).redirectErrorStream(true);
        fetch.environment().put("TO", unpacked.toString());
        String said = new String(fetch.start().getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!Files.exists(unpacked)) {
            throw new IOException(String.join(" ", packages) + " cannot be had: apt said: " + said);
        }
        return unpacked;
    }
}
