package org.unlearn4j.build;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Nothing is written in the digits or the letter case of the user's language: files must read back
 * anywhere, and numbers must be compared.
 */
class LocalesTest {
  private static final Map<String, Set<String>> BY_LOCALE =
      Map.of(
          String.class.getName(),
          Set.of("format", "formatted", "toLowerCase", "toUpperCase"),
          "java.io.PrintStream",
          Set.of("printf", "format"),
          "java.io.PrintWriter",
          Set.of("printf", "format"));

  private static boolean byUsersLocale(JavaAccess<?> access) {
    return access instanceof JavaCall<?> call
        && BY_LOCALE
            .getOrDefault(call.getTargetOwner().getName(), Set.of())
            .contains(call.getName())
        && call.getTarget().getRawParameterTypes().stream()
            .noneMatch(t -> t.isEquivalentTo(Locale.class));
  }

  private static final ArchRule RULE =
      noClasses()
          .should()
          .accessTargetWhere(describe("formats by the user's locale", a -> byUsersLocale(a)));

  @Test
  void everyFormatNamesItsLocale() {
    JavaClasses product =
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("org.unlearn4j");
    RULE.check(product);
  }

  /** It can fail: this class does what the rule forbids. */
  @Test
  void aFormatWithoutALocaleWouldBeSeen() {
    JavaClasses own = new ClassFileImporter().importClasses(List.of(Careless.class));
    assertThrows(AssertionError.class, () -> RULE.check(own));
  }

  private static final class Careless {
    @SuppressWarnings("unused") // the rule reads it
    static String digits(int n) {
      return String.format("%d", n);
    }
  }
}
