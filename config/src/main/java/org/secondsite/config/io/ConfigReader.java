package org.secondsite.config.io;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.secondsite.config.AgentConfig;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.Problem;
import org.secondsite.config.WitnessConfig;
import org.secondsite.config.yaml.AgentDocument;
import org.secondsite.config.yaml.Document;
import org.secondsite.config.yaml.GatewayDocument;
import org.secondsite.config.yaml.WitnessDocument;

/** Reads the three kinds of configuration file. A file that cannot be read is a problem like any other. */
public final class ConfigReader {
    private static final long MAX_BYTES = 4 << 20;

    private ConfigReader() {}

    /** Reads a gateway's file. */
    public static ConfigResult<GatewayConfig> readGateway(Path file) {
        return read(file, GatewayDocument::read);
    }

    /** Reads a text as if it stood in a gateway's file. */
    public static ConfigResult<GatewayConfig> readGateway(Path file, String text) {
        return GatewayDocument.read(document(file, text));
    }

    /** Reads a witness's file. */
    public static ConfigResult<WitnessConfig> readWitness(Path file) {
        return read(file, WitnessDocument::read);
    }

    /** Reads an agent's file. */
    public static ConfigResult<AgentConfig> readAgent(Path file) {
        return read(file, AgentDocument::read);
    }

    private interface Reading<T> {
        ConfigResult<T> read(Document document);
    }

    private static <T> ConfigResult<T> read(Path file, Reading<T> reading) {
        String text;
        try {
            if (Files.size(file) > MAX_BYTES) {
                return unreadable(file, "is larger than " + MAX_BYTES + " bytes");
            }
            text = Files.readString(file);
        } catch (NoSuchFileException e) {
            return unreadable(file, "does not exist");
        } catch (CharacterCodingException e) {
            return unreadable(file, "is not UTF-8 text");
        } catch (IOException e) {
            return unreadable(file, "cannot be read: " + e);
        }
        return reading.read(document(file, text));
    }

    private static Document document(Path file, String text) {
        return new Document(file.toString(), file.toAbsolutePath().getParent(), text);
    }

    private static <T> ConfigResult<T> unreadable(Path file, String why) {
        return new ConfigResult.Invalid<>(List.of(new Problem(file.toString(), 1, 1, "", "the file " + why)));
    }
}
