package dev.caisson.gateway.admission;

import com.google.protobuf.Descriptors.Descriptor;
import dev.cel.bundle.Cel;
import dev.cel.bundle.CelFactory;
import dev.cel.common.CelContainer;
import dev.cel.common.CelOptions;
import dev.cel.common.CelValidationException;
import dev.cel.common.types.CelType;
import dev.cel.common.types.ListType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructTypeReference;
import dev.cel.extensions.CelExtensions;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.Program;

/**
 * An expression of the Common Expression Language about requests of one type, compiled. It has no
 * effect, reads nothing but its variables, and ends: what it may do is counted. Thread-safe.
 */
final class Expression {
  static final String REQUEST = "request";
  static final String TENANT = "tenant";
  static final String PERMISSION = "permission";
  static final String PRINCIPAL = "principal";
  static final String IDENTITIES = "identities";

  /** Of its text, in characters. */
  private static final int MAX_LENGTH = 10_000;

  /** Passes of all its loops together. */
  private static final int MAX_PASSES = 100_000;

  private static final CelOptions OPTIONS =
      CelOptions.current()
          .enableHeterogeneousNumericComparisons(true)
          .maxExpressionCodePointSize(MAX_LENGTH)
          .comprehensionMaxIterations(MAX_PASSES)
          .build();

  /** Whose types have short names: {@code Namespace.Type.USER}. */
  private static final CelContainer TYPES = CelContainer.ofName("caisson.types.v1");

  private final Program program;

  private Expression(Program program) {
    this.program = program;
  }

  /**
   * Compiles one.
   *
   * @param result what it must be
   * @throws CelValidationException that says where it is wrong
   */
  static Expression compile(String text, Descriptor request, CelType result)
      throws CelValidationException {
    Cel cel =
        CelFactory.plannerCelBuilder()
            .setOptions(OPTIONS)
            .setContainer(TYPES)
            .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
            .addCompilerLibraries(CelExtensions.strings(), CelExtensions.sets(OPTIONS))
            .addRuntimeLibraries(CelExtensions.strings(), CelExtensions.sets(OPTIONS))
            .addMessageTypes(request)
            .addVar(REQUEST, StructTypeReference.create(request.getFullName()))
            .addVar(TENANT, SimpleType.STRING)
            .addVar(PERMISSION, SimpleType.STRING)
            .addVar(PRINCIPAL, SimpleType.STRING)
            .addVar(IDENTITIES, ListType.create(SimpleType.STRING))
            .setResultType(result)
            .build();
    try {
      return new Expression(cel.createProgram(cel.compile(text).getAst()));
    } catch (CelEvaluationException e) {
      throw new IllegalStateException("a compiled expression must be a program: " + text, e);
    }
  }

  boolean isTrue(Subject subject) throws CelEvaluationException {
    return (boolean) value(subject);
  }

  Object value(Subject subject) throws CelEvaluationException {
    return program.eval(subject.variables());
  }
}
