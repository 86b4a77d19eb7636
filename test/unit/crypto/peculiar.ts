// The one place that loads the package, which needs the polyfill first.
import 'reflect-metadata';

export {
  BasicConstraintsExtension,
  Pkcs10CertificateRequest,
  X509Certificate,
} from '@peculiar/x509';
